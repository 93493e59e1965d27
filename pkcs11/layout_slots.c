/* The layout under the vendor's file names (make install-compat). */
#include <config.h>

#include "pkcs11/layout.h"

const char mod_layout_default[] = "key-slots";
