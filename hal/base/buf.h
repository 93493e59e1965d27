/*
 * Byte buffers that grow and are wiped when freed, and a cursor that reads bytes with every
 * length checked. Integers are big-endian, as everywhere on this chip.
 */
#ifndef HAL_BASE_BUF_H
#define HAL_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
};

#define BUF_INIT                                                                                   \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

/* All return 0 or HAL_ENOMEM; on failure the buffer is as before. p may be NULL when n is 0. */
int buf_reserve(struct buf *b, size_t cap);
int buf_put(struct buf *b, const void *p, size_t n);
int buf_put_u8(struct buf *b, uint8_t v);
int buf_put_u16(struct buf *b, uint16_t v);
int buf_put_u32(struct buf *b, uint32_t v);
int buf_put_fill(struct buf *b, uint8_t v, size_t n);

/* Appends an APDU TLV: tag(1) length(2) value. HAL_ETOOBIG above 65535 bytes. */
int buf_put_tlv(struct buf *b, uint8_t tag, const void *p, size_t n);

/* Wipes the content; the memory stays for reuse. */
void buf_reset(struct buf *b);

/* Wipes and frees; b is empty and usable afterwards. NULL is allowed. */
void buf_free(struct buf *b);

/* Moves the content of src to dst (dst's old content is freed); src is empty afterwards. */
void buf_move(struct buf *dst, struct buf *src);

/* Reads from p[0..len). A failed read returns false and leaves the cursor where it was. */
struct cur {
	const uint8_t *p;
	size_t len;
};

bool cur_u8(struct cur *c, uint8_t *v);
bool cur_u16(struct cur *c, uint16_t *v);
bool cur_u24(struct cur *c, uint32_t *v);
bool cur_u32(struct cur *c, uint32_t *v);
bool cur_bytes(struct cur *c, size_t n, const uint8_t **p);

/* APDU TLV: tag(1) length(2) value. Metadata TLV: tag(1) length(1) value. */
bool cur_tlv(struct cur *c, uint8_t *tag, struct cur *value);
bool cur_meta_tlv(struct cur *c, uint8_t *tag, struct cur *value);

#endif
