/*
 * What of a bus event a trace may show. Cipher text is shown as it is; of plain commands and
 * responses that can carry secrets, only the head.
 */
#ifndef HAL_BUS_REDACT_H
#define HAL_BUS_REDACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero at first. */
struct bus_redact {
	uint8_t reg;     /* selected by the last write */
	bool in_secret;  /* the message that the host is sending */
	bool out_secret; /* the answer to it */
};

/* A write or a read, in bus order. How many of its first bytes may be shown. */
size_t bus_redact_write(struct bus_redact *rd, const uint8_t *data, size_t len);
size_t bus_redact_read(const struct bus_redact *rd, const uint8_t *data, size_t len);

#endif
