# Commands of the chip, the tables of what each model has, metadata, and taking turns.

noinst_LTLIBRARIES += libchip.la
libchip_la_SOURCES = \
	hal/chip/chip.h hal/chip/internal.h \
	hal/chip/access.c \
	hal/chip/apdu.c \
	hal/chip/chip.c \
	hal/chip/data.c \
	hal/chip/keys.c \
	hal/chip/keytype.c \
	hal/chip/meta.c \
	hal/chip/model.c \
	hal/chip/oid.c \
	hal/chip/random.c \
	hal/chip/sign.c
