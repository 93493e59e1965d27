/* The switches by name: what optiga-sim create --quirk takes, and tests walk through. */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/fault.h"

static const struct sim_quirk quirks[] = {
	{ "mac-silent", "the start of a CBC-MAC or CMAC gives no running value", false,
	    SIM_APP_MAC_SILENT },
	{ "cbc-needs-iv", "CBC without an IV is refused", false, SIM_APP_CBC_NEEDS_IV },
	{ "form-2c", "a malformed signature counts as a wrong one", false, SIM_APP_FORM_2C },
	{ "no-session-rsa", "no RSA key fits a session context", false, SIM_APP_NO_SESSION_RSA },
	{ "any-type", "secrets and trust anchors need not be typed as such", false,
	    SIM_APP_ANY_TYPE },
	{ "hmac-uncounted", "HMAC with a data object is no security event", false,
	    SIM_APP_HMAC_UNCOUNTED },
	{ "free-running", "security events are forgiven on a fixed beat", false,
	    SIM_APP_FREE_RUNNING },
	{ "open-clears", "opening the application clears the last error", false,
	    SIM_APP_OPEN_CLEARS },
	{ "empty-read", "reading an empty object gives nothing instead of an error", false,
	    SIM_APP_EMPTY_READ },
	{ "long-read-cut", "reading all of a long object gives its beginning", false,
	    SIM_APP_LONG_READ_CUT },
	{ "mark-early", "a protected update invalidates its object from the manifest on", false,
	    SIM_APP_MARK_EARLY },
	{ "plain-ok", "plain messages are answered after encrypted ones", true,
	    SIM_SHIELD_PLAIN_OK },
	{ "no-session-44", "an encrypted message without a session: alert 44, not 40", true,
	    SIM_SHIELD_NO_SESSION_44 },
	{ "failed-count", "messages that are not genuine use up numbers", true,
	    SIM_SHIELD_FAILED_COUNT },
	{ "equal-seq", "both directions start with the same number", true, SIM_SHIELD_EQUAL_SEQ },
	{ "no-event", "a handshake is no security event", true, SIM_SHIELD_NO_EVENT },
	{ "silent", "the host's alert is acknowledged, not answered", true, SIM_SHIELD_SILENT },
	{ "handshake-44", "a failed handshake: alert 44, not 40", true, SIM_SHIELD_HANDSHAKE_44 },
};

const struct sim_quirk *
sim_quirk_at(size_t i)
{
	return i < NITEMS(quirks) ? &quirks[i] : NULL;
}

const struct sim_quirk *
sim_quirk_find(const char *name)
{
	for (size_t i = 0; i < NITEMS(quirks); i++)
		if (strcmp(quirks[i].name, name) == 0)
			return &quirks[i];
	return NULL;
}
