/*
 * Error codes of everything below PKCS#11.
 *
 * 0 is success. Negative is ours: bus, link, host memory, a caller's mistake. Positive is the
 * chip's own error byte from object F1C2, unchanged (Solution Reference Manual, "Error Codes").
 * Codes travel up untouched; a caller decides only on those it knows.
 */
#ifndef HAL_BASE_ERR_H
#define HAL_BASE_ERR_H

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

enum hal_err {
	HAL_OK = 0,
	HAL_ENOMEM = -1,   /* host memory */
	HAL_EINVAL = -2,   /* caller's argument out of range */
	HAL_EIO = -3,      /* bus transfer failed */
	HAL_ENACK = -4,    /* address not acknowledged (one transfer) */
	HAL_ETIMEOUT = -5, /* chip acknowledged but gave no answer before the deadline */
	HAL_ENODEV =
	    -6, /* device, file or socket is not there, or nothing answers at the address */
	HAL_EACCES = -7,     /* no permission for the device, file or socket */
	HAL_EPROTO = -8,     /* answer breaks the protocol */
	HAL_ERESYNC = -9,    /* link was re-synchronised: whether the command ran is unknown */
	HAL_ERESET = -10,    /* chip was reset by somebody: volatile state is gone */
	HAL_ETOOBIG = -11,   /* answer or argument larger than the buffer or the object */
	HAL_ENOTSUP = -12,   /* this chip or bus cannot do that */
	HAL_EFORMAT = -13,   /* file or record is damaged or not ours */
	HAL_EBUSY = -14,     /* lock could not be had */
	HAL_EEXIST = -15,    /* would overwrite something */
	HAL_ECRYPTO = -16,   /* host cryptography failed */
	HAL_ENOTFOUND = -17, /* no such thing */
	HAL_ESHIELD = -18,   /* encrypted session lost: whether the command ran is unknown */
	HAL_EPAIR = -19,     /* no encrypted session: binding secret missing or not the chip's */
};

/* The chip's codes, object F1C2 (Solution Reference Manual, table "Error Codes"). */
enum chip_err {
	CHIP_E_OID = 0x01,
	CHIP_E_PASSWORD = 0x02,
	CHIP_E_PARAM = 0x03,
	CHIP_E_LENGTH = 0x04,
	CHIP_E_DATA = 0x05,
	CHIP_E_INTERNAL = 0x06,
	CHIP_E_ACCESS = 0x07,
	CHIP_E_BOUNDARY = 0x08,
	CHIP_E_META_TRUNCATED = 0x09,
	CHIP_E_COMMAND = 0x0A,
	CHIP_E_SEQUENCE = 0x0B,
	CHIP_E_UNAVAILABLE = 0x0C,
	CHIP_E_BUFFER = 0x0D,
	CHIP_E_COUNTER = 0x0E,
	CHIP_E_MANIFEST = 0x0F,
	CHIP_E_VERSION = 0x10,
	CHIP_E_METADATA = 0x11,
	CHIP_E_UNSUPPORTED_ID = 0x24,
	CHIP_E_UNSUPPORTED_PARAM = 0x25,
	CHIP_E_CERT_FORMAT = 0x29,
	CHIP_E_CERT_UNSUPPORTED = 0x2A,
	CHIP_E_SIGNATURE = 0x2C,
	CHIP_E_INTEGRITY = 0x2D,
	CHIP_E_DECRYPTION = 0x2E,
	CHIP_E_AUTHORIZATION = 0x2F,
};

/* Text for a code of either sign, in words for a person. Never NULL, static. */
const char *hal_strerror(int err);

#endif
