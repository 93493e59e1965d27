/* The text of every error code, ours and the chip's. */
#include <config.h>

#include <stddef.h>

#include "hal/base/err.h"

static const struct {
	int err;
	const char *text;
} texts[] = {
	{ HAL_OK, "no error" },
	{ HAL_ENOMEM, "out of memory" },
	{ HAL_EINVAL, "invalid argument" },
	{ HAL_EIO, "bus transfer failed" },
	{ HAL_ENACK, "address not acknowledged" },
	{ HAL_ETIMEOUT, "chip gave no answer in time" },
	{ HAL_ENODEV, "no chip answers there" },
	{ HAL_EACCES, "permission denied" },
	{ HAL_EPROTO, "answer breaks the protocol" },
	{ HAL_ERESYNC, "link re-synchronised, outcome of the command unknown" },
	{ HAL_ERESET, "chip was reset" },
	{ HAL_ETOOBIG, "data too large" },
	{ HAL_ENOTSUP, "not supported by this chip or bus" },
	{ HAL_EFORMAT, "damaged or foreign data" },
	{ HAL_EBUSY, "in use by another process" },
	{ HAL_EEXIST, "exists already" },
	{ HAL_ECRYPTO, "cryptographic operation failed on the host" },
	{ HAL_ENOTFOUND, "not found" },
	{ HAL_ESHIELD, "encrypted connection lost, outcome of the command unknown" },
	{ HAL_EPAIR, "host and chip share no binding secret" },
	{ CHIP_E_OID, "chip: invalid OID" },
	{ CHIP_E_PASSWORD, "chip: invalid password" },
	{ CHIP_E_PARAM, "chip: invalid parameter field" },
	{ CHIP_E_LENGTH, "chip: invalid length field" },
	{ CHIP_E_DATA, "chip: invalid parameter in data field" },
	{ CHIP_E_INTERNAL, "chip: internal process error" },
	{ CHIP_E_ACCESS, "chip: access conditions not satisfied" },
	{ CHIP_E_BOUNDARY, "chip: data object boundary exceeded" },
	{ CHIP_E_META_TRUNCATED, "chip: metadata truncation error" },
	{ CHIP_E_COMMAND, "chip: invalid command" },
	{ CHIP_E_SEQUENCE, "chip: command out of sequence, or key slot empty" },
	{ CHIP_E_UNAVAILABLE, "chip: command not available" },
	{ CHIP_E_BUFFER, "chip: insufficient buffer" },
	{ CHIP_E_COUNTER, "chip: counter threshold exceeded" },
	{ CHIP_E_MANIFEST, "chip: invalid manifest" },
	{ CHIP_E_VERSION, "chip: wrong payload version" },
	{ CHIP_E_METADATA, "chip: invalid metadata of the key or data object" },
	{ CHIP_E_UNSUPPORTED_ID, "chip: key usage or algorithm does not allow this" },
	{ CHIP_E_UNSUPPORTED_PARAM, "chip: unsupported parameter" },
	{ CHIP_E_CERT_FORMAT, "chip: invalid certificate format" },
	{ CHIP_E_CERT_UNSUPPORTED, "chip: unsupported certificate" },
	{ CHIP_E_SIGNATURE, "chip: signature verification failure" },
	{ CHIP_E_INTEGRITY, "chip: message integrity validation failure" },
	{ CHIP_E_DECRYPTION, "chip: decryption failure" },
	{ CHIP_E_AUTHORIZATION, "chip: authorization failure" },
};

const char *
hal_strerror(int err)
{
	for (size_t i = 0; i < NITEMS(texts); i++)
		if (texts[i].err == err)
			return texts[i].text;
	return err > 0 ? "chip: unknown error code" : "unknown error";
}
