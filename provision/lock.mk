# Access conditions and life cycles, pairing.
libprov_la_SOURCES += \
	provision/access.c provision/access.h provision/ask.c provision/ask.h \
	provision/lock.c provision/lock.h provision/lockint.h \
	provision/lockplan.c provision/lockplan.h provision/lockplanint.h provision/lockpolicy.c provision/lockpolicy.h \
	provision/lockread.c provision/locksense.c provision/lockshow.c provision/lockwords.c \
	provision/pair.c provision/pair.h provision/portal.c provision/portal.h \
	provision/tokenchip.c provision/tokenchip.h
optiga_provision_SOURCES += provision/cmd_lock.c provision/cmd_pair.c

# Policies for "lock"; the first is what it does without one.
locksdir = $(pkgdatadir)/locks
dist_locks_DATA = provision/locks/key-final.json provision/locks/key-and-certificate-final.json \
	provision/locks/key-of-this-host.json provision/locks/key-updatable.json
