/*
 * What each session state allows, PKCS #11 v2.40, 5.6 (figures 3 and 4, tables 4-6), and what an
 * operation allows in each of its own.
 */
#include <config.h>

#include <string.h>

#include "tests/module/harness.h"

#define A(type, v)                                                                                 \
	{                                                                                          \
		(type), &(v), sizeof(v)                                                            \
	}

static CK_OBJECT_CLASS data = CKO_DATA, secret = CKO_SECRET_KEY;
static CK_KEY_TYPE aes = CKK_AES;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static unsigned char key16[16] = { 1 };
static CK_OBJECT_HANDLE pub, priv; /* a key pair on the token */

/* --- session states ------------------------------------------------------------------------- */

enum { RO_PUBLIC, RW_PUBLIC, RO_USER, RW_USER, RW_SO, NSTATES };
static const struct {
	bool rw;
	CK_USER_TYPE user; /* -1: nobody */
	CK_STATE state;
} states[NSTATES] = {
	[RO_PUBLIC] = { false, (CK_USER_TYPE)-1, CKS_RO_PUBLIC_SESSION },
	[RW_PUBLIC] = { true, (CK_USER_TYPE)-1, CKS_RW_PUBLIC_SESSION },
	[RO_USER] = { false, CKU_USER, CKS_RO_USER_FUNCTIONS },
	[RW_USER] = { true, CKU_USER, CKS_RW_USER_FUNCTIONS },
	[RW_SO] = { true, CKU_SO, CKS_RW_SO_FUNCTIONS },
};

static CK_RV
create(CK_SESSION_HANDLE s, CK_BBOOL token, CK_BBOOL private)
{
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, data), A(CKA_TOKEN, token), A(CKA_PRIVATE, private),
		A(CKA_VALUE, key16) };
	CK_OBJECT_HANDLE h;

	return p11->C_CreateObject(s, t, 4, &h);
}

static CK_RV
create_token(CK_SESSION_HANDLE s)
{
	return create(s, yes, no);
}

static CK_RV
create_session(CK_SESSION_HANDLE s)
{
	return create(s, no, no);
}

static CK_RV
create_private(CK_SESSION_HANDLE s)
{
	return create(s, no, yes);
}

static CK_RV
generate_token(CK_SESSION_HANDLE s)
{
	CK_OBJECT_HANDLE a, b;

	return harness_generate(s, &harness_kinds[KIND_P256], NULL, NULL, &a, &b);
}

static CK_RV
set_token(CK_SESSION_HANDLE s)
{
	char label[] = "label";
	CK_ATTRIBUTE t = { CKA_LABEL, label, 5 };

	return p11->C_SetAttributeValue(s, priv, &t, 1);
}

static CK_RV
copy_to_session(CK_SESSION_HANDLE s)
{
	CK_ATTRIBUTE t = A(CKA_TOKEN, no);
	CK_OBJECT_HANDLE h;

	return p11->C_CopyObject(s, pub, &t, 1, &h);
}

static CK_RV
destroy_token(CK_SESSION_HANDLE s)
{
	return p11->C_DestroyObject(s, priv);
}

static CK_RV
sign(CK_SESSION_HANDLE s)
{
	CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
	unsigned char sig[64];
	CK_ULONG n = sizeof(sig);
	CK_RV rv = p11->C_SignInit(s, &ecdsa, priv);

	return rv != CKR_OK ? rv : p11->C_Sign(s, key16, 16, sig, &n);
}

static CK_RV
find(CK_SESSION_HANDLE s)
{
	CK_ATTRIBUTE t = A(CKA_TOKEN, yes);

	return harness_find(s, &t, 1, NULL, 0) >= 2 ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}

static CK_RV
init_pin(CK_SESSION_HANDLE s)
{
	return p11->C_InitPIN(s, key16, 4);
}

static CK_RV
set_pin(CK_SESSION_HANDLE s)
{
	return p11->C_SetPIN(s, key16, 4, key16, 4);
}

static CK_RV
login_user(CK_SESSION_HANDLE s)
{
	const CK_RV rv = p11->C_Login(s, CKU_USER, NULL, 0);

	if (rv == CKR_OK)
		ck_assert_ok(p11->C_Logout(s));
	return rv;
}

static CK_RV
login_so(CK_SESSION_HANDLE s)
{
	const CK_RV rv = p11->C_Login(s, CKU_SO, NULL, 0);

	if (rv == CKR_OK)
		ck_assert_ok(p11->C_Logout(s));
	return rv;
}

static CK_RV
login_context(CK_SESSION_HANDLE s)
{
	return p11->C_Login(s, CKU_CONTEXT_SPECIFIC, NULL, 0);
}

static CK_RV
open_read_only(CK_SESSION_HANDLE s)
{
	CK_SESSION_HANDLE h;
	const CK_RV rv = p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &h);

	(void)s;
	return rv != CKR_OK ? rv : p11->C_CloseSession(h);
}

static CK_RV
logout(CK_SESSION_HANDLE s)
{
	return p11->C_Logout(s);
}

#define OK  CKR_OK
#define RO  CKR_SESSION_READ_ONLY
#define NS  CKR_FUNCTION_NOT_SUPPORTED
#define NL  CKR_USER_NOT_LOGGED_IN
#define IN  CKR_USER_ALREADY_LOGGED_IN
#define ANY CKR_USER_ANOTHER_ALREADY_LOGGED_IN
#define ROE CKR_SESSION_READ_ONLY_EXISTS
#define NI  CKR_OPERATION_NOT_INITIALIZED

/* In the order of the states. logout comes last: it changes the state. */
static const struct {
	const char *name;
	CK_RV (*call)(CK_SESSION_HANDLE s);
	CK_RV rv[NSTATES];
} rows[] = {
	{ "create a token object", create_token, { RO, OK, RO, OK, OK } },
	{ "create a session object", create_session, { OK, OK, OK, OK, OK } },
	{ "create a private one", create_private, { NL, NL, OK, OK, NL } },
	{ "generate", generate_token, { RO, OK, RO, OK, OK } },
	{ "set", set_token, { RO, OK, RO, OK, OK } },
	{ "copy to the session", copy_to_session, { OK, OK, OK, OK, OK } },
	{ "sign", sign, { OK, OK, OK, OK, OK } },
	{ "find", find, { OK, OK, OK, OK, OK } },
	/* No PIN (README): not supported where it would be allowed, and where not. */
	{ "set up the PIN", init_pin, { NS, NS, NS, NS, NS } },
	{ "change the PIN", set_pin, { NS, NS, NS, NS, NS } },
	{ "log in as user", login_user, { OK, OK, IN, IN, ANY } },
	{ "log in as security officer", login_so, { ROE, OK, ANY, ANY, IN } },
	{ "log in for one key", login_context, { NI, NI, NI, NI, NI } },
	{ "open read-only", open_read_only, { OK, OK, OK, OK, CKR_SESSION_READ_WRITE_SO_EXISTS } },
	{ "destroy", destroy_token, { RO, OK, RO, OK, OK } },
	{ "log out", logout, { NL, NL, OK, OK, OK } },
};

START_TEST(states_of_sessions)
{
	CK_SESSION_HANDLE s = harness_session(true);
	CK_SESSION_INFO info;

	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256], NULL, NULL, &pub, &priv));
	ck_assert_ok(p11->C_CloseSession(s));
	s = harness_session(states[_i].rw);
	if (states[_i].user != (CK_USER_TYPE)-1)
		ck_assert_ok(p11->C_Login(s, states[_i].user, NULL, 0));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CK_RV rv;

		ck_assert_ok(p11->C_GetSessionInfo(s, &info));
		ck_assert_msg(info.state == states[_i].state, "before \"%s\"", rows[i].name);
		rv = rows[i].call(s);
		ck_assert_msg(rv == rows[i].rv[_i], "%s: 0x%lx, expected 0x%lx", rows[i].name, rv,
		    rows[i].rv[_i]);
	}
	ck_assert_ok(p11->C_GetSessionInfo(s, &info));
	ck_assert_uint_eq(
	    info.state, states[_i].rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION);
}
END_TEST

/* --- states of an operation ----------------------------------------------------------------- */

static CK_OBJECT_HANDLE aes_key;
static unsigned char out[512];

/* Each with its arguments in order: what begins it, all at once, a part, the end. */
#define OP(name, type, key, ...)                                                                   \
	static CK_RV name##_init(CK_SESSION_HANDLE s)                                              \
	{                                                                                          \
		CK_MECHANISM m = { (type), NULL, 0 };                                              \
		return p11->C_##name##Init(s, &m key);                                             \
	}
#define NOTHING
/* clang-format off */
OP(Digest, CKM_SHA256, NOTHING)
#define COMMA_PRIV , priv
#define COMMA_PUB , pub
#define COMMA_AES , aes_key
OP(Sign, CKM_ECDSA_SHA256, COMMA_PRIV)
OP(Verify, CKM_ECDSA_SHA256, COMMA_PUB)
OP(Encrypt, CKM_AES_ECB, COMMA_AES)
OP(Decrypt, CKM_AES_ECB, COMMA_AES)
/* clang-format on */

#define BYTES_TO_BYTES(name)                                                                       \
	static CK_RV name##_all(CK_SESSION_HANDLE s)                                               \
	{                                                                                          \
		CK_ULONG n = sizeof(out);                                                          \
		return p11->C_##name(s, key16, 16, out, &n);                                       \
	}
#define TO_BYTES(name)                                                                             \
	static CK_RV name##_final(CK_SESSION_HANDLE s)                                             \
	{                                                                                          \
		CK_ULONG n = sizeof(out);                                                          \
		return p11->C_##name##Final(s, out, &n);                                           \
	}
#define TAKES(name)                                                                                \
	static CK_RV name##_update(CK_SESSION_HANDLE s)                                            \
	{                                                                                          \
		return p11->C_##name##Update(s, key16, 16);                                        \
	}
#define GIVES(name)                                                                                \
	static CK_RV name##_update(CK_SESSION_HANDLE s)                                            \
	{                                                                                          \
		CK_ULONG n = sizeof(out);                                                          \
		return p11->C_##name##Update(s, key16, 16, out, &n);                               \
	}
BYTES_TO_BYTES(Digest)
TAKES(Digest)
TO_BYTES(Digest)
BYTES_TO_BYTES(Sign)
TAKES(Sign)
TO_BYTES(Sign)
BYTES_TO_BYTES(Encrypt)
GIVES(Encrypt)
TO_BYTES(Encrypt)
BYTES_TO_BYTES(Decrypt)
GIVES(Decrypt)
TO_BYTES(Decrypt)
TAKES(Verify)

static CK_RV
Verify_all(CK_SESSION_HANDLE s)
{
	return p11->C_Verify(s, key16, 16, out, 64);
}

static CK_RV
Verify_final(CK_SESSION_HANDLE s)
{
	return p11->C_VerifyFinal(s, out, 64);
}

#define ROW(name, good)                                                                            \
	{                                                                                          \
#name, name##_init, name##_all, name##_update, name##_final, good                  \
	}
static const struct {
	const char *name;
	CK_RV (*init)(CK_SESSION_HANDLE s);
	CK_RV (*all)(CK_SESSION_HANDLE s);
	CK_RV (*update)(CK_SESSION_HANDLE s);
	CK_RV (*final)(CK_SESSION_HANDLE s);
	CK_RV good; /* of all and final */
} ops[] = {
	ROW(Digest, CKR_OK),
	ROW(Sign, CKR_OK),
	ROW(Verify, CKR_SIGNATURE_INVALID),
	ROW(Encrypt, CKR_OK),
	ROW(Decrypt, CKR_OK),
};
#define NOPS (sizeof(ops) / sizeof(ops[0]))

static void
check_nothing_runs(CK_SESSION_HANDLE s, size_t i)
{
	ck_assert_msg(ops[i].all(s) == NI && ops[i].update(s) == NI && ops[i].final(s) == NI,
	    "%s runs", ops[i].name);
}

#define CHECK(call, want)                                                                          \
	do {                                                                                       \
		const CK_RV rv_ = ops[i].call(s);                                                  \
		ck_assert_msg(rv_ == (want), "%s: %s: 0x%lx", ops[i].name, #call, rv_);            \
	} while (0)

START_TEST(states_of_operations)
{
	CK_SESSION_HANDLE s = harness_session(true), other = harness_session(false);
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, aes), A(CKA_VALUE, key16) };

	memset(out, 1, sizeof(out));
	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256], NULL, NULL, &pub, &priv));
	ck_assert_ok(p11->C_CreateObject(s, t, 3, &aes_key));
	for (size_t i = 0; i < NOPS; i++) {
		check_nothing_runs(s, i);
		CHECK(init, CKR_OK);
		CHECK(init, CKR_OPERATION_ACTIVE);
		check_nothing_runs(other, i); /* an operation is its session's alone */
		memset(out, 1, sizeof(out));
		CHECK(all, ops[i].good);
		check_nothing_runs(s, i);
		CHECK(init, CKR_OK);
		CHECK(update, CKR_OK);
		CHECK(update, CKR_OK);
		CHECK(init, CKR_OPERATION_ACTIVE);
		memset(out, 1, sizeof(out));
		CHECK(final, ops[i].good);
		check_nothing_runs(s, i);
		CHECK(init, CKR_OK);
		CHECK(update, CKR_OK);
		CHECK(all, NI); /* not after a part */
		check_nothing_runs(s, i);
	}
	/* All at once, each for itself, and a key may go meanwhile. */
	for (size_t i = 0; i < NOPS; i++)
		CHECK(init, CKR_OK);
	ck_assert_ok(p11->C_DestroyObject(s, aes_key));
	for (size_t i = 0; i < NOPS; i++) {
		memset(out, 1, sizeof(out));
		CHECK(all, ops[i].good);
	}
	for (size_t i = 0; i < NOPS; i++)
		check_nothing_runs(s, i);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: states");
	TCase *tc = tcase_create("states");

	tcase_add_checked_fixture(tc, harness_setup, harness_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, states_of_sessions, 0, NSTATES);
	tcase_add_test(tc, states_of_operations);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
