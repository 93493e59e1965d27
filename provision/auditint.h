/*
 * Inside the audit files: what each rule looks for. All answer whether it is so and put what
 * exactly into what, as struct audit_rule says.
 */
#ifndef PROVISION_AUDITINT_H
#define PROVISION_AUDITINT_H

#include "provision/audit.h"

typedef bool audit_check(
    const struct audit *a, const struct audit_subject *x, char *what, size_t n);

/* Change, in words, and the life cycle. true. */
bool audit_say_change(const struct chip_object *o, char *what, size_t n);

/* Anyone may change it as things are. */
bool audit_is_open(const struct audit *a, const struct chip_object *o);

/* --- chip objects, and the chip: auditobject.c --- */
audit_check audit_binding_factory;
audit_check audit_binding_open;
audit_check audit_secret_readable;
audit_check audit_anchor_open;
audit_check audit_anchor_free;
audit_check audit_object_open;
audit_check audit_object_unlocked;
audit_check audit_index_open;
audit_check audit_not_known;
audit_check audit_update_incomplete;
audit_check audit_terminated;
audit_check audit_monitor_open;
audit_check audit_monitor_off;
audit_check audit_counter_end;
audit_check audit_counter_near;
audit_check audit_not_a_certificate;
audit_check audit_throttled;
audit_check audit_some_events;
audit_check audit_chip_life;
audit_check audit_free_open;

/* --- keys and certificates: auditkey.c --- */
audit_check audit_key_open;
audit_check audit_key_unlocked;
audit_check audit_key_weak;
audit_check audit_key_mismatch;
audit_check audit_key_alone;
audit_check audit_key_unknown;
audit_check audit_cert_expired;
audit_check audit_cert_expiring;
audit_check audit_cert_not_yet;
audit_check audit_cert_weak;
audit_check audit_cert_test;
audit_check audit_cert_self_signed;
audit_check audit_cert_alone;

#endif
