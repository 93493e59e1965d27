/* Files; see file.h. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provision/file.h"
#include "provision/msg.h"

#define PROGRAM "optiga-provision"

/* Reads to the end or one byte past max, which tells that there is more. */
static char *
read_fd(int fd, const char *path, size_t max, size_t *lenp)
{
	char *data = malloc(max + 2);
	size_t len = 0;
	ssize_t n = 1;

	if (data == NULL) {
		prov_error("cannot read \"%s\": %s", path, strerror(errno));
		return NULL;
	}
	while (len <= max && n != 0) {
		n = read(fd, data + len, max + 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			prov_error("cannot read \"%s\": %s", path, strerror(errno));
			free(data);
			return NULL;
		}
		len += (size_t)n;
	}
	if (len > max) {
		prov_error("cannot use \"%s\": it is longer than %zu bytes", path, max);
		free(data);
		return NULL;
	}
	data[len] = '\0';
	if (lenp != NULL)
		*lenp = len;
	return data;
}

char *
file_read_if(const char *path, size_t max, size_t *lenp, bool *absent)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *data;

	if (absent != NULL)
		*absent = fd < 0 && errno == ENOENT;
	if (fd < 0) {
		if (absent == NULL || !*absent)
			prov_error("cannot open \"%s\": %s", path, strerror(errno));
		return NULL;
	}
	data = read_fd(fd, standard ? "standard input" : path, max, lenp);
	if (!standard)
		(void)close(fd);
	return data;
}

char *
file_read(const char *path, size_t max, size_t *lenp)
{
	return file_read_if(path, max, lenp, NULL);
}

static bool
write_fd(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* A new name in a directory is on the disk only when the directory is. */
static bool
sync_dir_of(const char *path)
{
	char *copy = strdup(path), *slash;
	bool ok;
	int fd;

	if (copy == NULL)
		return false;
	slash = strrchr(copy, '/');
	if (slash != NULL)
		slash[slash == copy ? 1 : 0] = '\0';
	fd = open(slash != NULL ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return false;
	/* Some file systems cannot sync a directory, and say EINVAL. */
	ok = fsync(fd) == 0 || errno == EINVAL;
	(void)close(fd);
	return ok;
}

/* What is no regular file (a terminal, a pipe, /dev/null) is written to, not replaced. */
static bool
is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static bool
write_special(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	bool ok = fd >= 0 && write_fd(fd, data, len);

	if (fd >= 0 && close(fd) != 0)
		ok = false;
	return ok;
}

bool
file_replace(const char *path, const void *data, size_t len, mode_t mode)
{
	char *temp = NULL;
	bool ok = false;
	int fd = -1;

	if (is_special(path)) {
		ok = write_special(path, data, len);
		if (!ok)
			prov_error("cannot write \"%s\": %s", path, strerror(errno));
		return ok;
	}
	if (asprintf(&temp, "%s.%ld.tmp", path, (long)getpid()) < 0) {
		prov_error("cannot write \"%s\": %s", path, strerror(ENOMEM));
		return false;
	}
	/* Left over from a killed process that had our number. */
	(void)unlink(temp);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	ok = fd >= 0 && write_fd(fd, data, len) && fsync(fd) == 0;
	if (fd >= 0 && close(fd) != 0)
		ok = false;
	ok = ok && rename(temp, path) == 0 && sync_dir_of(path);
	if (!ok) {
		prov_error("cannot write \"%s\": %s", path, strerror(errno));
		if (fd >= 0)
			(void)unlink(temp);
	}
	free(temp);
	return ok;
}

bool
file_put(const char *path, const char *text)
{
	if (path != NULL && strcmp(path, "-") != 0)
		return file_replace(path, text, strlen(text), 0644);
	if (fputs(text, stdout) < 0 || fflush(stdout) != 0) {
		prov_error("cannot write to standard output: %s", strerror(errno));
		return false;
	}
	return true;
}

bool
file_remove(const char *path)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return true;
	prov_error("cannot remove \"%s\": %s", path, strerror(errno));
	return false;
}

bool
file_make_dir(const char *path)
{
	char *copy = strdup(path);
	bool ok = copy != NULL;

	for (char *p = copy; ok && p != NULL;) {
		p = strchr(p + 1, '/');
		if (p != NULL)
			*p = '\0';
		ok = mkdir(copy, 0700) == 0 || errno == EEXIST;
		if (p != NULL)
			*p = '/';
	}
	if (!ok)
		prov_error("cannot make the directory \"%s\": %s", path, strerror(errno));
	free(copy);
	return ok;
}

int
file_lock(const char *path, bool wait, bool *busy)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int r;

	if (busy != NULL)
		*busy = false;
	if (fd < 0) {
		prov_error("cannot open \"%s\": %s", path, strerror(errno));
		return -1;
	}
	do
		r = flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
	while (r != 0 && errno == EINTR);
	if (r == 0)
		return fd;
	if (busy != NULL && errno == EWOULDBLOCK)
		*busy = true;
	else
		prov_error("cannot lock \"%s\": %s", path, strerror(errno));
	(void)close(fd);
	return -1;
}

char *
file_join(const char *dir, const char *name)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", dir, name) >= 0)
		return path;
	prov_error("out of memory");
	return NULL;
}

char *
file_user_dir(const char *var, const char *fallback)
{
	const char *value = getenv(var), *home = getenv("HOME");
	char *path = NULL;
	int n;

	/* The specification: a relative path is invalid, and ignored. */
	if (value != NULL && value[0] == '/') {
		n = asprintf(&path, "%s/" PROGRAM, value);
	} else if (home != NULL && home[0] == '/') {
		n = asprintf(&path, "%s/%s/" PROGRAM, home, fallback);
	} else {
		prov_error("cannot tell where your files belong: neither %s nor HOME is set", var);
		prov_hint("set HOME");
		return NULL;
	}
	if (n < 0) {
		prov_error("out of memory");
		return NULL;
	}
	return path;
}
