/*
 * From APDU to command and back: header, command table, last error, execution time.
 * SRM 4.4; the order of checks is the one that fits every result seen on real chips.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/cmd.h"
#include "hal/sim/manifest.h"
#include "hal/sim/model.h"
#include "hal/sim/monitor.h"
#include "hal/sim/object.h"
#include "hal/sim/session.h"
#include "hal/sim/update.h"

#define FLUSH      0x80
#define HEADER     4
#define STA_OK     0x00
#define STA_ERROR  0xFF
#define FULL_MA    15 /* current limit at which the tables of times hold */
#define FAILURE_US 5000
#define LONGEST_NS 1e16 /* some months: a speed factor may be absurd, time must not run over */

/* All commands, and which silicon has them. */
static const struct command {
	uint8_t code, on;
	uint8_t (*run)(struct call *c);
} commands[] = {
	{ 0x01, ON_ALL, cmd_get },        /* GetDataObject */
	{ 0x02, ON_ALL, cmd_set },        /* SetDataObject */
	{ 0x03, ON_M, cmd_update },       /* SetObjectProtected */
	{ 0x0C, ON_ALL, cmd_random },     /* GetRandom */
	{ 0x14, ON_V3, cmd_encrypt_sym }, /* EncryptSym */
	{ 0x15, ON_V3, cmd_decrypt_sym }, /* DecryptSym */
	{ 0x1E, ON_M, cmd_encrypt_asym }, /* EncryptAsym */
	{ 0x1F, ON_M, cmd_decrypt_asym }, /* DecryptAsym */
	{ 0x30, ON_ALL, cmd_hash },       /* CalcHash */
	{ 0x31, ON_ALL, cmd_sign },       /* CalcSign */
	{ 0x32, ON_ALL, cmd_verify },     /* VerifySign */
	{ 0x33, ON_ALL, cmd_agree },      /* CalcSSec */
	{ 0x34, ON_ALL, cmd_derive },     /* DeriveKey */
	{ 0x38, ON_ALL, cmd_genkey },     /* GenKeyPair */
	{ 0x39, ON_V3, cmd_gensym },      /* GenSymKey */
	{ 0x70, ON_ALL, cmd_open },       /* OpenApplication */
	{ 0x71, ON_M, cmd_close },        /* CloseApplication */
};

#define CMD_OPEN 0x70

uint8_t
tlv_parse(const uint8_t *in, size_t len, struct tlv *want, size_t n)
{
	while (len > 0) {
		size_t i = 0, l;

		if (len < 3 || (l = (size_t)in[1] << 8 | in[2]) > len - 3)
			return E_LENGTH;
		while (i < n && want[i].tag != in[0])
			i++;
		if (i == n || want[i].present)
			return E_DATA;
		want[i].present = true;
		want[i].len = l;
		want[i].value = in + 3;
		in += 3 + l;
		len -= 3 + l;
	}
	return 0;
}

int
oid_at(const struct sim_app *app, const uint8_t *p)
{
	return object_lookup(app, (uint16_t)(p[0] << 8 | p[1]));
}

static uint8_t
run(struct call *c, const uint8_t *cmd, size_t cmd_len)
{
	const uint8_t code = cmd_len > 0 ? cmd[0] & (uint8_t)~FLUSH : 0;

	/* Between start and final of a sequence nothing else may come. */
	if (code != c->app->sequence.code)
		sequence_end(c->app);
	if (c->app->terminated || (!c->app->open && code != CMD_OPEN))
		return E_UNAVAILABLE;
	if (cmd_len < HEADER || (size_t)(cmd[2] << 8 | cmd[3]) != cmd_len - HEADER ||
	    cmd_len - HEADER > CMD_DATA_MAX)
		return E_LENGTH;
	c->param = cmd[1];
	c->in = cmd + HEADER;
	c->in_len = cmd_len - HEADER;
	for (size_t i = 0; i < NITEMS(commands); i++)
		if (commands[i].code == code && model_on(c->app, commands[i].on) &&
		    commands[i].run != NULL)
			return commands[i].run(c);
	return E_COMMAND;
}

uint64_t
sim_app_time(const struct sim_app *app, uint64_t us)
{
	const uint8_t limit = app->pool[object_offset((size_t)object_find(0xE0C4))];
	const double ma = limit >= 6 && limit <= FULL_MA ? limit : 6;
	const double ns = (double)us * 1000 * app->speed * FULL_MA / ma;

	return ns < LONGEST_NS ? (uint64_t)ns : (uint64_t)LONGEST_NS;
}

void
sim_app_command(struct sim_app *app, uint64_t now, const struct sim_protection *prot,
    const uint8_t *cmd, size_t cmd_len, uint8_t *rsp, size_t *rsp_len, uint64_t *exec_ns)
{
	struct call c = { .app = app, .prot = prot, .out = rsp + HEADER, .now = now };
	uint8_t err;

	monitor_advance(app, now);
	if (cmd_len > 0 && (cmd[0] & FLUSH) != 0)
		app->last_error = 0;
	err = run(&c, cmd, cmd_len);
	if (err != 0) {
		sequence_end(app);
		/* Of several failures that nobody asked about the highest code is kept. */
		if (err > app->last_error)
			app->last_error = err;
		c.out_len = 0;
		if (c.us == 0) /* else it was found out by doing it */
			c.us = FAILURE_US;
	}
	rsp[0] = err == 0 ? STA_OK : STA_ERROR;
	rsp[1] = 0x00;
	rsp[2] = (uint8_t)(c.out_len >> 8);
	rsp[3] = (uint8_t)c.out_len;
	*rsp_len = HEADER + c.out_len;
	*exec_ns = sim_app_time(app, c.us) + c.delay_ns;
}

void
sim_app_reset(struct sim_app *app, uint64_t now, bool cold)
{
	(void)cold; /* nothing here outlives a warm reset that a cold one ends */
	app->open = 0;
	app->last_error = 0;
	object_boot_phase(app, 0xE0C1);
	app->shield_restored = false;
	context_clear(app);
	monitor_reset(app, now);
}

void
sim_app_advance(struct sim_app *app, uint64_t now)
{
	monitor_advance(app, now);
}

static bool
context_sane(const struct sim_context *ctx)
{
	for (size_t i = 0; i < SIM_NSESSIONS; i++)
		if (ctx->session[i].kind > SIM_SESSION_RANDOM ||
		    ctx->session[i].len > SIM_SECRET_MAX)
			return false;
	return true;
}

static bool
sha_sane(const struct sim_sha *s)
{
	return s->size == 0 || s->size == 32 || s->size == 48 || s->size == 64;
}

static bool
update_sane(const struct sim_app *app)
{
	const struct sim_update *u = &app->update;
	const size_t room = u->object >= SIM_NOBJECTS ? 0
			    : u->type == PAYLOAD_DATA ? object_max(app, u->object)
						      : sizeof(u->payload);
	const size_t offset = u->type == PAYLOAD_DATA ? u->info[0] : 0;

	return u->object < SIM_NOBJECTS && u->done <= u->size && u->size <= room &&
	       offset <= room - u->size;
}

bool
sim_app_sane(const struct sim_app *app)
{
	const struct sim_sequence *q = &app->sequence;

	for (size_t i = 0; i < SIM_NOBJECTS; i++)
		if (app->meta[i].len > SIM_META_MAX)
			return false;
	return model_at(app->model) != NULL && context_sane(&app->context) &&
	       context_sane(&app->hibernation.context) && sha_sane(&app->hash) &&
	       sha_sane(&q->inner) && sha_sane(&q->outer) && q->key < SIM_NOBJECTS &&
	       (q->code != CMD_UPDATE || update_sane(app));
}

size_t
sim_app_objects(const struct sim_app *app)
{
	size_t n = 0;

	for (size_t i = 0; i < SIM_NOBJECTS; i++)
		n += object_exists(app, i);
	return n;
}

/* Index of the n-th object that the chip has. */
static size_t
nth(const struct sim_app *app, size_t n)
{
	size_t i = 0;

	while (!object_exists(app, i) || n-- > 0)
		i++;
	return i;
}

/* Binding, pre-shared, update and authorization secrets are never shown. */
static bool
is_secret(const struct sim_app *app, size_t i)
{
	size_t len;
	const uint8_t *type = meta_get(&app->meta[i], TAG_TYPE, &len);

	return type != NULL &&
	       (type[0] == 0x21 || type[0] == 0x22 || type[0] == 0x23 || type[0] == 0x31);
}

void
sim_app_object(const struct sim_app *app, size_t n, uint8_t meta[44], struct sim_object_view *v)
{
	const size_t i = nth(app, n);
	const struct object *o = object_at(i);
	const struct sim_meta *m = &app->meta[i];

	meta[0] = 0x20;
	meta[1] = m->len;
	memcpy(meta + 2, m->tlv, m->len);
	*v = (struct sim_object_view){ .oid = o->oid,
		.name = o->name,
		.meta = meta,
		.meta_len = 2u + m->len,
		.max = object_max(app, i),
		.used = o->max > 0 ? object_used(app, i) : 0 };
	if (o->max > 0 && !is_secret(app, i))
		v->data = object_shown(app, i);
	v->key_present = object_key_present(app, i);
}
