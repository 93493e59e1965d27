/* A made-up machine, see bus_bed.h. */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "hal/base/log.h"
#include "hal/bus/ops.h"
#include "tests/unit/bus_bed.h"

UMockdevTestbed *bed;
char bed_dir[64];
struct sim *bed_chip;

static char image[96], records[96];
static int log_fd = -1, saved_stderr = -1;
static off_t log_read;

void
bed_setup(void)
{
	const struct sim_config cfg = SIM_CONFIG_DEFAULT;

	strcpy(bed_dir, "/tmp/test-bus.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(bed_dir));
	snprintf(image, sizeof(image), "%s/chip.img", bed_dir);
	snprintf(records, sizeof(records), "%s/records", bed_dir);
	bus_record_dir = records;
	ck_assert_int_eq(sim_create(image, &cfg), 0);
	ck_assert_int_eq(sim_open(image, SIM_TIME_REAL, &bed_chip), 0);
	bed = umockdev_testbed_new();
	ck_assert_ptr_nonnull(bed);
}

void
bed_teardown(void)
{
	char command[128];

	if (log_fd >= 0) {
		(void)dup2(saved_stderr, STDERR_FILENO);
		(void)close(saved_stderr);
		(void)close(log_fd);
		log_fd = -1;
	}
	log_set_level(LOG_LEVEL_OFF);
	g_clear_object(&bed);
	sim_close(&bed_chip);
	snprintf(command, sizeof(command), "rm -r %s", bed_dir);
	ck_assert_int_eq(system(command), 0);
}

/* --- files --------------------------------------------------------------------------------- */

void
bed_add(const char *text)
{
	GError *error = NULL;

	ck_assert_msg(umockdev_testbed_add_from_string(bed, text, &error), "%s",
	    error != NULL ? error->message : "");
}

static char *
real_path(const char *path)
{
	char *root = umockdev_testbed_get_root_dir(bed), *real;

	ck_assert_int_ge(asprintf(&real, "%s%s", root, path), 0);
	g_free(root);
	return real;
}

static char *
with_parents(const char *path)
{
	char *real = real_path(path), *parent = g_path_get_dirname(real);

	ck_assert_int_eq(g_mkdir_with_parents(parent, 0755), 0);
	g_free(parent);
	return real;
}

void
bed_link(const char *path, const char *target)
{
	char *real = with_parents(path);

	ck_assert_int_eq(symlink(target, real), 0);
	free(real);
}

void
bed_write(const char *path, const char *text)
{
	char *real = with_parents(path);
	int fd = open(real, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	free(real);
}

void
bed_unlink(const char *path)
{
	char *real = real_path(path);

	ck_assert_int_eq(unlink(real), 0);
	free(real);
}

/* --- answers ------------------------------------------------------------------------------- */

static void
complete(UMockdevIoctlClient *client, long r)
{
	umockdev_ioctl_client_complete(client, r < 0 ? -1 : r, r < 0 ? (gint)-r : 0);
}

#define PLUGGED "plugged"

static void
on_connected(UMockdevIoctlBase *base, UMockdevIoctlClient *client, struct bed_node *n)
{
	(void)base;
	g_object_set_data(G_OBJECT(client), PLUGGED, GUINT_TO_POINTER(n->plugged));
}

static bool
dead(UMockdevIoctlClient *client, const struct bed_node *n)
{
	if (GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(client), PLUGGED)) == n->plugged)
		return false;
	complete(client, -ENODEV);
	return true;
}

static gboolean
on_ioctl(UMockdevIoctlBase *base, UMockdevIoctlClient *client, struct bed_node *n)
{
	(void)base;
	if (!dead(client, n))
		complete(
		    client, n->ioctl(n->arg, client, umockdev_ioctl_client_get_request(client)));
	return TRUE;
}

static gboolean
on_write(UMockdevIoctlBase *base, UMockdevIoctlClient *client, struct bed_node *n)
{
	UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);

	(void)base;
	if (!dead(client, n))
		complete(client, n->write(n->arg, arg->data, (size_t)arg->data_len));
	return TRUE;
}

static gboolean
on_read(UMockdevIoctlBase *base, UMockdevIoctlClient *client, struct bed_node *n)
{
	UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);
	long r = -EIO;

	(void)base;
	if (!dead(client, n) && n->read(n->arg, client, arg->data, (size_t)arg->data_len, &r))
		complete(client, r);
	return TRUE;
}

void
bed_attach(const char *node, struct bed_node *n)
{
	UMockdevIoctlBase *base = umockdev_ioctl_base_new();
	GError *error = NULL;

	g_signal_connect(base, "client-connected", G_CALLBACK(on_connected), n);
	g_signal_connect(base, "handle-ioctl", G_CALLBACK(on_ioctl), n);
	g_signal_connect(base, "handle-write", G_CALLBACK(on_write), n);
	g_signal_connect(base, "handle-read", G_CALLBACK(on_read), n);
	ck_assert_msg(umockdev_testbed_attach_ioctl(bed, node, base, &error), "%s",
	    error != NULL ? error->message : "");
	g_object_unref(base);
}

/* umockdev makes a node of one name only once; here is another, of the same kind. */
static int
node_again(const char *node)
{
	char *real = real_path(node), slave[64];
	struct termios t;
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), fd;

	ck_assert_int_ge(master, 0);
	ck_assert(grantpt(master) == 0 && unlockpt(master) == 0);
	ck_assert_int_eq(ptsname_r(master, slave, sizeof(slave)), 0);
	ck_assert_int_ge(fd = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC), 0);
	ck_assert_int_eq(tcgetattr(fd, &t), 0);
	cfmakeraw(&t);
	ck_assert_int_eq(tcsetattr(fd, TCSANOW, &t), 0);
	(void)close(fd);
	ck_assert_int_eq(symlink(slave, real), 0);
	free(real);
	return master;
}

void
bed_plug(const char *text, const char *node, struct bed_node *n)
{
	char *rest, *line;

	if (n->plugged++ == 0) {
		bed_add(text);
		n->master = umockdev_testbed_get_dev_fd(bed, node);
		ck_assert_int_ge(n->master, 0);
		return;
	}
	n->master = node_again(node);
	ck_assert_ptr_nonnull(rest = strdup(text));
	while ((line = strstr(rest, "\nN: ")) != NULL) {
		const char *next = strchr(line + 1, '\n');

		memmove(line, next, strlen(next) + 1);
	}
	bed_add(rest);
	free(rest);
}

void
bed_unplug(const char *node, struct bed_node *n)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	n->plugged++;
	/* Closes the master side, and leaves umockdev a number that it may close. */
	ck_assert_int_ge(null, 0);
	ck_assert_int_ge(dup3(null, n->master, O_CLOEXEC), 0);
	(void)close(null);
	bed_unlink(node);
}

void
bed_remove(const char *syspath)
{
	umockdev_testbed_remove_device(bed, syspath);
}

/* --- what a person reads ------------------------------------------------------------------- */

void
bed_listen(void)
{
	log_fd = memfd_create("log", 0);
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_ge(log_fd, 0);
	ck_assert_int_ge(dup2(log_fd, STDERR_FILENO), 0);
	log_set_level(LOG_LEVEL_INFO);
	log_read = 0;
}

const char *
bed_said(void)
{
	static char said[4096];
	ssize_t n = pread(log_fd, said, sizeof(said) - 1, log_read);

	ck_assert_int_ge(n, 0);
	said[n] = '\0';
	log_read += n;
	return said;
}

static void
prepare_for_nobody(const char *node)
{
	char *real = real_path(node), *ioctls = real_path("/ioctl"), command[256];

	/* umockdev's own socket must let them in: the node is what refuses. */
	snprintf(command, sizeof(command), "chmod 755 %s/.. && chmod -R a+rwX %s", ioctls, ioctls);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(chmod(real, 0), 0);
	free(real);
	free(ioctls);
}

int
bed_open_as_nobody(const char *selector, const char *node)
{
	int status;
	pid_t pid;

	prepare_for_nobody(node);
	if ((pid = fork()) == 0) {
		struct bus *b;

		if (geteuid() == 0 &&
		    (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
			setresuid(65534, 65534, 65534) != 0))
			_exit(99);
		_exit(-bus_open(selector, &b));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return -WEXITSTATUS(status);
}
