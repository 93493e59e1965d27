/* The layout of optiga-pkcs11.so, unless the configuration names one. */
#include <config.h>

#include "pkcs11/layout.h"

const char mod_layout_default[] = "chip";
