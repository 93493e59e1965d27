/* Secrets of personalised chips, as their vendor's portal delivers them. */
#ifndef HAL_CHIP_PORTAL_H
#define HAL_CHIP_PORTAL_H

#include "hal/chip/chip.h"

/*
 * Reads a portal file (JSON: uid, binding_secret, authorization_secret in hexadecimal; see
 * optiga-sim(1)) and keeps its secrets for this chip, as chip_binding_adopt does. HAL_EFORMAT: it
 * is none. HAL_ENOTFOUND: it is for another chip. HAL_ENODEV, HAL_EACCES, HAL_EIO: not readable.
 * All logged in a person's words.
 */
int chip_portal_import(struct chip *c, const char *path);

#endif
