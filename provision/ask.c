/* Questions on the terminal; see ask.h. */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "provision/ask.h"
#include "provision/msg.h"

bool
ask_yes(const char *question)
{
	char answer[16];

	if (!isatty(STDIN_FILENO)) {
		prov_error("nobody can be asked: standard input is no terminal");
		prov_hint("add --yes");
		return false;
	}
	(void)fprintf(stderr, "%s [yes/no] ", question);
	(void)fflush(stderr);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		answer[0] = '\0';
	answer[strcspn(answer, "\r\n")] = '\0';
	if (strcasecmp(answer, "yes") == 0)
		return true;
	prov_error("not agreed to; nothing was changed");
	return false;
}
