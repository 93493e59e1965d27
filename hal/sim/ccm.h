/* AES-CCM-16-64-128 of protected updates: RFC 3610 with L = 2, M = 8. */
#ifndef HAL_SIM_CCM_H
#define HAL_SIM_CCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CCM_KEY   16
#define CCM_NONCE 13
#define CCM_AAD   8
#define CCM_TAG   8

/* in has len + CCM_TAG bytes, len at most 65535. False, and plain wiped, when the tag is wrong. */
bool sim_ccm_open(const uint8_t key[CCM_KEY], const uint8_t nonce[CCM_NONCE],
    const uint8_t aad[CCM_AAD], const uint8_t *in, size_t len, uint8_t *plain);

#endif
