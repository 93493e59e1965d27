/*
 * Secrets in files; see bindfile.h. Written to a temporary name, flushed, renamed, and the
 * directory flushed: at every moment a name stands for a whole secret or none. The file belongs
 * to the directory's group, so that one chown of the directory decides who may use the chip.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/bindfile.h"

#define PATH_LEN 4096
#define BYTES    64 /* at most, of a secret */
#define TEXT     (2 * BYTES + 2)
#define TEMP     ".tmp.XXXXXX" /* no name that a person would choose for a copy */
#define TEMP_ANY 6

const char *
bindfile_dir(const char *dir)
{
	const char *env = dir == NULL ? secure_getenv("OPTIGA_BINDING_DIR") : NULL;

	if (dir != NULL)
		return dir;
	return env != NULL && env[0] != '\0' ? env : LOCALSTATEDIR "/lib/optiga/binding";
}

/* Who may do what was refused: the owner and the group of the directory. */
static void
say_whose(const char *path)
{
	char dir[PATH_LEN], owner[32], group[32], buf[1024];
	char *end;
	struct passwd pw, *pwp = NULL;
	struct group gr, *grp = NULL;
	struct stat st;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	end = strrchr(dir, '/');
	if (end != NULL && end != dir && (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)))
		*end = '\0';
	if (stat(dir, &st) != 0)
		return;
	(void)snprintf(owner, sizeof(owner), "%u", st.st_uid);
	if (getpwuid_r(st.st_uid, &pw, buf, sizeof(buf), &pwp) == 0 && pwp != NULL)
		(void)snprintf(owner, sizeof(owner), "%s", pw.pw_name);
	(void)snprintf(group, sizeof(group), "%u", st.st_gid);
	if (getgrgid_r(st.st_gid, &gr, buf, sizeof(buf), &grp) == 0 && grp != NULL)
		(void)snprintf(group, sizeof(group), "%s", gr.gr_name);
	log_error("%s belongs to user %s and group %s, mode %04o", dir, owner, group,
	    st.st_mode & 07777U);
}

static int
failed(const char *what, const char *path)
{
	const int e = errno;

	log_error("%s: cannot be %s: %s", path, what, strerror(e));
	if (e == EACCES || e == EPERM)
		say_whose(path);
	switch (e) {
	case EACCES:
	case EPERM:
	case EROFS: return HAL_EACCES;
	case ENOENT:
	case ENOTDIR: return HAL_ENODEV;
	case ENOMEM: return HAL_ENOMEM;
	default: return HAL_EIO;
	}
}

static int
path_of(const char *dir, const char *serial, const char *suffix, char path[PATH_LEN])
{
	const int n = snprintf(path, PATH_LEN, "%s/%s%s", dir, serial, suffix);

	return n > 0 && n < PATH_LEN ? 0 : HAL_EINVAL;
}

static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = c != '\0' ? strchr(digits, c | 0x20) : NULL;

	return p != NULL ? (int)(p - digits) : -1;
}

/* n characters: digits in pairs, and one newline at most. */
static int
parse(const char *text, size_t n, struct secret **sp)
{
	int r;

	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (n == 0 || n % 2 != 0 || n > 2 * BYTES)
		return HAL_EFORMAT;
	if ((r = secret_new(n / 2, sp)) != 0)
		return r;
	for (size_t i = 0; i < n / 2; i++) {
		const int hi = digit(text[2 * i]), lo = digit(text[2 * i + 1]);

		if (hi < 0 || lo < 0) {
			secret_free(sp);
			return HAL_EFORMAT;
		}
		secret_data(*sp)[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

static int
read_fd(int fd, const char *path, struct secret **sp)
{
	struct secret *text = NULL;
	struct stat st;
	ssize_t n;
	int r;

	if (fstat(fd, &st) != 0)
		return failed("read", path);
	if (!S_ISREG(st.st_mode)) {
		log_error("%s: is not a file", path);
		return HAL_EFORMAT;
	}
	if ((st.st_mode & (S_IROTH | S_IWOTH)) != 0)
		log_error("%s: holds a secret and is open to everybody; chmod it to 0640", path);
	if ((r = secret_new(TEXT, &text)) != 0)
		return r;
	if ((n = read(fd, secret_data(text), TEXT)) < 0)
		r = failed("read", path);
	else if ((r = parse((const char *)secret_bytes(text), (size_t)n, sp)) == HAL_EFORMAT)
		log_error("%s: holds no secret in hexadecimal", path);
	secret_free(&text);
	return r;
}

int
bindfile_read(const char *dir, const char *serial, const char *suffix, struct secret **sp)
{
	char path[PATH_LEN];
	int fd, r;

	*sp = NULL;
	if ((r = path_of(dir, serial, suffix, path)) != 0)
		return r;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return HAL_ENOTFOUND;
		return failed("read", path);
	}
	r = read_fd(fd, path, sp);
	(void)close(fd);
	return r;
}

static int
sync_dir(const char *dir)
{
	const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0 || fsync(fd) != 0)
		r = failed("written", dir);
	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* Group and mode before the secret goes in. Who may not give it away keeps the own group. */
static int
write_fd(int fd, const char *dir, const char *path, const struct secret *secret)
{
	const uint8_t *b = secret_bytes(secret);
	const size_t n = 2 * secret_len(secret) + 1;
	struct secret *text = NULL;
	struct stat st;
	int r;

	if (stat(dir, &st) != 0 || (fchown(fd, (uid_t)-1, st.st_gid) != 0 && errno != EPERM) ||
	    fchmod(fd, 0640) != 0)
		return failed("written", path);
	if ((r = secret_new(TEXT, &text)) != 0)
		return r;
	for (size_t i = 0; i < secret_len(secret); i++) {
		secret_data(text)[2 * i] = (uint8_t) "0123456789ABCDEF"[b[i] >> 4];
		secret_data(text)[2 * i + 1] = (uint8_t) "0123456789ABCDEF"[b[i] & 15];
	}
	secret_data(text)[n - 1] = '\n';
	if (write(fd, secret_bytes(text), n) != (ssize_t)n || fsync(fd) != 0)
		r = failed("written", path);
	secret_free(&text);
	return r;
}

int
bindfile_write(const char *dir, const char *serial, const char *suffix, const struct secret *secret)
{
	char path[PATH_LEN], temp[PATH_LEN];
	int fd, r;

	if (secret_len(secret) > BYTES)
		return HAL_EINVAL;
	if ((r = path_of(dir, serial, suffix, path)) != 0 ||
	    (r = path_of(dir, serial, TEMP, temp)) != 0)
		return r;
	if (mkdir(dir, 0750) != 0 && errno != EEXIST)
		return failed("made", dir);
	if ((fd = mkostemp(temp, O_CLOEXEC)) < 0)
		return failed("written", path);
	r = write_fd(fd, dir, temp, secret);
	(void)close(fd);
	if (r == 0 && rename(temp, path) != 0)
		r = failed("written", path);
	if (r == 0)
		return sync_dir(dir);
	(void)unlink(temp);
	return r;
}

int
bindfile_settle(const char *dir, const char *serial)
{
	char from[PATH_LEN], to[PATH_LEN];
	int r;

	if ((r = path_of(dir, serial, BINDFILE_PENDING, from)) != 0 ||
	    (r = path_of(dir, serial, BINDFILE_CURRENT, to)) != 0)
		return r;
	if (rename(from, to) != 0)
		return failed("written", to);
	return sync_dir(dir);
}

int
bindfile_remove(const char *dir, const char *serial, const char *suffix)
{
	char path[PATH_LEN];
	int r;

	if ((r = path_of(dir, serial, suffix, path)) != 0)
		return r;
	if (unlink(path) != 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : failed("removed", path);
	return sync_dir(dir);
}

static bool
is_temp(const char *name, const char *serial)
{
	const size_t n = strlen(serial), fixed = strlen(TEMP) - TEMP_ANY;

	return strncmp(name, serial, n) == 0 && strncmp(name + n, TEMP, fixed) == 0 &&
	       strlen(name + n) == strlen(TEMP) && strchr(name + n + fixed, '.') == NULL;
}

void
bindfile_sweep(const char *dir, const char *serial)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	struct stat st;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (!is_temp(e->d_name, serial) ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		if (unlinkat(dirfd(d), e->d_name, 0) == 0)
			log_info("%s/%s: left by an interrupted pairing, removed", dir, e->d_name);
		else
			log_info("%s/%s: cannot be removed: %s", dir, e->d_name, strerror(errno));
	}
	(void)closedir(d);
}
