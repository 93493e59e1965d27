/* The bus interface: checks what callers give and hands it to the driver. See bus.h. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/bus/ops.h"

#define KHZ_DEFAULT   400
#define FRAME_DEFAULT 277
#define ADDR_DEFAULT  0x30

int
bus_new(const struct bus_ops *ops, void *priv, struct bus **busp)
{
	struct bus *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return HAL_ENOMEM;
	b->ops = ops;
	b->priv = priv;
	b->addr = ADDR_DEFAULT;
	b->khz = BUS_KHZ_START;
	b->khz_wanted = KHZ_DEFAULT;
	b->frame_max = FRAME_DEFAULT;
	b->pid = getpid();
	b->lock_fd = b->turn_fd = -1;
	*busp = b;
	return 0;
}

void
bus_close(struct bus **busp)
{
	struct bus *b = *busp;

	if (b == NULL)
		return;
	/* The record may lie in the driver's memory, so the lock goes first. */
	bus_lock_close(b);
	bus_trace_close(b);
	if (b->ops != NULL && b->ops->close != NULL)
		b->ops->close(b);
	free(b->selector);
	free(b->target);
	free(b->reset);
	free(b->vdd);
	free(b->node_path);
	free(b);
	*busp = NULL;
}

bool
bus_present(const struct bus *b)
{
	if (b->gone)
		return false;
	return b->ops->present != NULL ? b->ops->present(b) : bus_real_same_node(b);
}

const char *
bus_selector(const struct bus *b)
{
	return b->selector != NULL ? b->selector : "";
}

int
bus_write(struct bus *b, const uint8_t *data, size_t len)
{
	uint64_t start;
	int r;

	if (len == 0 || len > 0xFFFF)
		return HAL_EINVAL;
	start = bus_trace_start(b);
	r = b->gone ? HAL_ENODEV : b->ops->write(b, data, len);
	bus_trace_write(b, data, len, start, r);
	return r;
}

int
bus_read(struct bus *b, uint8_t *data, size_t len)
{
	uint64_t start;
	int r;

	if (len == 0 || len > 0xFFFF)
		return HAL_EINVAL;
	start = bus_trace_start(b);
	r = b->gone ? HAL_ENODEV : b->ops->read(b, data, len);
	bus_trace_read(b, data, len, start, r);
	return r;
}

uint64_t
bus_now(struct bus *b)
{
	return b->ops->now(b);
}

int
bus_sleep(struct bus *b, uint64_t ns)
{
	return b->ops->sleep(b, ns);
}

unsigned
bus_khz(const struct bus *b)
{
	return b->khz;
}

unsigned
bus_khz_wanted(const struct bus *b)
{
	return b->khz_wanted;
}

int
bus_set_khz(struct bus *b, unsigned khz)
{
	int r;

	if (khz == b->khz)
		return 0;
	if (b->ops->set_khz == NULL)
		return HAL_ENOTSUP;
	if (b->gone)
		return HAL_ENODEV;
	if ((r = b->ops->set_khz(b, khz)) == 0)
		b->khz = khz;
	return r;
}

size_t
bus_frame_max(const struct bus *b)
{
	return b->frame_max;
}

int
bus_reset_line(struct bus *b)
{
	uint64_t start;
	int r;

	if (b->ops->reset_line == NULL)
		return HAL_ENOTSUP;
	start = bus_trace_start(b);
	r = b->gone ? HAL_ENODEV : b->ops->reset_line(b);
	bus_trace_reset(b, start, r);
	return r;
}

struct bus_record *
bus_record(struct bus *b)
{
	return b->shared != NULL ? &b->shared->record : NULL;
}

int
bus_errno(int err)
{
	switch (err) {
	case ENOENT:
	case ENOTDIR:
	case ENODEV:
	case ENXIO:
	case ECONNREFUSED:
	case ELOOP: return HAL_ENODEV;
	case EACCES:
	case EPERM:
	case EROFS: return HAL_EACCES;
	case ENOMEM: return HAL_ENOMEM;
	default: return HAL_EIO;
	}
}
