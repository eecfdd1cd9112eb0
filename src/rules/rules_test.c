/*
 * Rules and the SQL that they become, for each kind of caller; and mistakes,
 * with their places.
 *
 * So that the table can be read, names stand without their quotes, and a bound
 * value stands in braces where its parameter does.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "rules/rules.h"

#define ID "00000000-0000-0000-0000-0000000000"

static const char app_text[] =
    "app: golden\n"
    "api: { prefix: /v1 }\n"
    "database: sqlite:data/golden.db\n"
    "collections:\n"
    "  users:\n"
    "    fields:\n"
    "      name: { type: text }\n"
    "      admin: { type: bool, required: true }\n"
    "      boss: { type: ref, to: users }\n"
    "    access: { read: true }\n"
    "  topics:\n"
    "    fields:\n"
    "      title: { type: text, required: true }\n"
    "      owner: { type: ref, to: users }\n"
    "      open: { type: bool }\n"
    "    access: { read: \"open || owner.boss == auth.id\" }\n"
    "  secrets:\n"
    "    id: int\n"
    "    fields:\n"
    "      word: { type: text }\n"
    "      topic: { type: ref, to: topics }\n"
    "  questions:\n"
    "    fields:\n"
    "      title: { type: text, required: true }\n"
    "      answer: { type: text }\n"
    "      level: { type: enum, values: [beginner, advanced] }\n"
    "      topic: { type: ref, to: topics, required: true }\n"
    "      author: { type: ref, to: users }\n"
    "      secret: { type: ref, to: secrets }\n"
    "      published: { type: bool, required: true }\n"
    "      hidden: { type: bool }\n"
    "      votes: { type: int, required: true }\n"
    "      score: { type: int }\n"
    "      asked: { type: time }\n"
    "      price: { type: decimal, scale: 2 }\n"
    "      cost: { type: decimal, scale: 4, required: true }\n"
    "      ratio: { type: float, required: true }\n"
    "      day: { type: date }\n"
    "      words: { type: list, of: text }\n"
    "      reals: { type: list, of: float, required: true }\n"
    "      meta: { type: json }\n"
    "      mail: { type: email, fold: true, required: true }\n"
    "      tags: { type: refs, to: users }\n"
    "    fields_access: { meta: { read: \"'admin' in auth.roles\" }, score: { read: published || author == auth.id } }\n";

static struct app *app;
static struct arena arena;
static struct rules rules;

static int
setup(void **state)
{
	struct app_mistakes mistakes;

	(void)state;
	app_mistakes_init(&mistakes);
	arena_init(&arena, 16 << 20);
	app = app_read(str_from(app_text), &mistakes);
	for (struct app_mistake *mistake = mistakes.first; mistake != NULL; mistake = mistake->next)
		print_message("%u:%u: %.*s\n", mistake->at.line, mistake->at.column,
		    STR_ARGS(mistake->detail));
	assert_non_null(app);
	assert_true(rules_compile_app(&arena, app, &rules, &mistakes));
	app_mistakes_release(&mistakes);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	app_free(app);
	return 0;
}

static const struct str editor[] = { { "editor", 6 }, { "beginner", 8 } };
static const struct rule_caller guest = { 0 };
static const struct rule_caller user = {
	.signed_in = true,
	.id = { ID "0a", 36 },
	.roles = editor,
	.roles_count = 2,
};
static const struct rule_caller key = { .signed_in = true, .roles = editor, .roles_count = 1 };

static void
show_value(struct buf *buf, const struct value *value)
{
	char uuid[UUID_TEXT_SIZE];

	switch (value->kind) {
	case VALUE_INT:
		buf_add_int(buf, value->integer);
		break;
	case VALUE_TIME:
		buf_addf(buf, "time %lld", (long long)value->integer);
		break;
	case VALUE_DATE:
		buf_addf(buf, "date %lld", (long long)value->integer);
		break;
	case VALUE_DECIMAL:
		buf_addf(buf, "decimal %lld", (long long)value->integer);
		break;
	case VALUE_REAL:
		buf_addf(buf, "real %g", value->real);
		break;
	case VALUE_TEXT:
		buf_addf(buf, "'%.*s'", STR_ARGS(value->text));
		break;
	case VALUE_UUID:
		uuid_format(&value->uuid, uuid);
		buf_addf(buf, "id %.2s", uuid + UUID_TEXT_SIZE - 2);
		break;
	default:
		buf_add_c(buf, "?");
	}
}

/* The statement as the table shows it. */
static void
show_sql(struct buf *buf, const struct sql_text *sql)
{
	struct str text = buf_str(&sql->text);
	size_t param = 0;

	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '"')
			continue;
		if (text.data[i] != '?') {
			buf_add_byte(buf, text.data[i]);
			continue;
		}
		buf_add_byte(buf, '{');
		show_value(buf, &sql->params[param++]);
		buf_add_byte(buf, '}');
	}
	assert_int_equal(param, sql->params_count);
}

static const struct rule *
compile(enum rule_use use, struct str text)
{
	struct rule_error error = { 0 };
	const struct rule *rule = NULL;

	if (rule_compile(&arena, &rules, app_collection(app, STR("questions")), use,
		use == RULE_USE_FILTER ? &guest : NULL, text, &rule,
		&error) != OK)
		fail_msg("%.*s: %zu: %s", STR_ARGS(text), error.offset, error.detail);
	return rule;
}

static void
expect_sql(enum rule_use use, const char *text, const struct rule_caller *caller, const char *expected)
{
	const struct rule *rule = compile(use, str_from(text));
	struct sql_text sql;
	struct buf shown;

	sql_init(&sql, SQL_SQLITE);
	buf_init(&shown, 1 << 20);
	rule_to_sql(&rules, rule, caller, &sql);
	assert_int_equal(sql_err(&sql), OK);
	show_sql(&shown, &sql);
	if (!str_is(buf_str(&shown), expected))
		fail_msg("%s\n\tis       %.*s\n\tand not  %s", text, STR_ARGS(buf_str(&shown)), expected);
	buf_release(&shown);
	sql_release(&sql);
}

/* A text for which nothing changes with the caller. */
static const struct {
	const char *rule, *sql;
} texts[] = {
	/* literals and columns */
	{ "true", "1" },
	{ "1 == 2 || 'a' < \"b\"", "1" },
	{ "null == null && !(null < 1)", "1" },
	{ "votes > -9223372036854775808", "(t.votes > {-9223372036854775808})" },
	{ "title == 'it\\'s \\u00df\\n'", "(t.title = {'it's ß\n'})" },
	{ "answer == ''", "(t.answer = {''})" },
	{ "id == '" ID "0B'", "(t.id = {id 0b})" },
	{ "author == '" ID "0b'", "(t.author = {id 0b})" },
	{ "secret == '7' || secret == 7", "(t.secret = {7} OR t.secret = {7})" },
	{ "asked < '1970-01-01T00:00:01Z'", "(t.asked < {time 1000000})" },
	{ "created >= '1970-01-01T01:00:00+01:00'", "(t.created >= {time 0})" },

	/* a bool alone, and its complement */
	{ "published", "(t.published = 1)" },
	{ "!published", "(t.published = 0)" },
	{ "!hidden", "(t.hidden = 0 OR t.hidden IS NULL)" },
	{ "hidden == false", "(t.hidden = 0)" },
	{ "hidden != false", "(t.hidden = 1 OR t.hidden IS NULL)" },

	/* null */
	{ "answer == null", "(t.answer IS NULL)" },
	{ "null != answer", "(t.answer IS NOT NULL)" },
	{ "has(answer)", "(t.answer IS NOT NULL)" },
	{ "!has(answer)", "(t.answer IS NULL)" },
	{ "score == votes", "(t.score = t.votes)" },
	{ "score != votes", "(t.score <> t.votes OR t.score IS NULL)" },
	{ "level == answer", "(t.level = t.answer OR (t.level IS NULL AND t.answer IS NULL))" },
	{ "level != answer", "(t.level <> t.answer OR (t.level IS NULL) <> (t.answer IS NULL))" },

	/* order */
	{ "score < 3", "(t.score < {3})" },
	{ "!(score < 3)", "(t.score >= {3} OR t.score IS NULL)" },
	{ "!(votes <= 3)", "(t.votes > {3})" },
	{ "!(3 > score)", "({3} <= t.score OR t.score IS NULL)" },
	{ "score < null", "0" },
	{ "!(score < null)", "1" },

	/* negations move to the leaves */
	{ "!(published && score == 1)",
	    "(t.published = 0 OR (t.score <> {1} OR t.score IS NULL))" },
	{ "!(published || !(votes == 1 && votes == 2))",
	    "(t.published = 0 AND t.votes = {1} AND t.votes = {2})" },
	{ "published && (votes == 1 || (votes == 2 || votes == 3))",
	    "(t.published = 1 AND (t.votes = {1} OR t.votes = {2} OR t.votes = {3}))" },
	{ "published || votes == 1 && votes == 2",
	    "(t.published = 1 OR (t.votes = {1} AND t.votes = {2}))" },
	{ "!!!published", "(t.published = 0)" },

	/* in */
	{ "level in ['beginner', 'advanced']", "(t.level IN ({'beginner'}, {'advanced'}))" },
	{ "score in [1, null]", "(t.score IS NULL OR t.score IN ({1}))" },
	{ "!(score in [1, null])", "(t.score IS NOT NULL AND (t.score NOT IN ({1}) OR t.score IS NULL))" },
	{ "votes in [score, 1, 2]", "(t.votes = t.score OR t.votes IN ({1}, {2}))" },
	{ "votes in []", "0" },
	{ "!(votes in [])", "1" },

	/* numbers of different types */
	{ "votes == 1.5", "0" },
	{ "votes != 1.5", "1" },
	{ "score < 1.5", "(t.score <= {1})" },
	{ "!(score > 1.5)", "(t.score <= {1} OR t.score IS NULL)" },
	{ "1e30 > score", "(t.score <= {9223372036854775807})" },
	{ "score < -1e30", "0" },
	{ "score > -1e30", "(t.score IS NOT NULL)" },
	{ "votes == 2 * 3 - 10 / 4 % 3", "(t.votes = {4})" },
	{ "price > 1.005", "(t.price > {decimal 100})" },
	{ "price == '1.500'", "(t.price = {decimal 150})" },
	{ "ratio == 9007199254740993", "0" },
	{ "ratio == 1", "(t.ratio = {real 1})" },
	{ "votes < ratio", "(t.votes < +t.ratio)" },
	{ "price < cost", "(t.price < t.cost / 100 + (t.cost % 100 > 0))" },
	{ "votes == cost", "(t.votes = t.cost / 10000 AND t.cost % 10000 = 0)" },
	{ "score == price",
	    "((t.score = t.price / 100 AND t.price % 100 = 0) OR (t.score IS NULL AND t.price IS NULL))" },
	{ "day < '2026-11-24'", "(t.day < {date 20781})" },

	/* texts and lists */
	{ "title.startsWith('ab')", "((t.title >= {'ab'} AND t.title < {'ac'}))" },
	{ "!answer.startsWith('ab')", "(t.answer < {'ab'} OR t.answer >= {'ac'} OR t.answer IS NULL)" },
	{ "title.contains('x')", "(instr(t.title, {'x'}) > 0)" },
	{ "title.endsWith('\u00df')", "(substr(t.title, length(t.title) + 1 - 1) = {'\xc3\x9f'})" },
	{ "lower(title) == 'x'", "(lower(t.title) = {'x'})" },
	{ "lower(mail) == lower('STRA\u00dfE')", "(t._fold_mail = {'strasse'})" },
	{ "size(title) > 3", "(length(t.title) > {3})" },
	{ "size(words) > 3", "(json_array_length(t.words) > {3})" },
	{ "'x' in words", "(EXISTS (SELECT 1 FROM json_each(t.words) h1 WHERE h1.value = {'x'}))" },
	{ "1 in reals", "(EXISTS (SELECT 1 FROM json_each(t.reals) h1 WHERE CAST(h1.value AS REAL) = {real 1}))" },

	/* choices and many rows */
	{ "(published ? votes : score) == 1",
	    "((t.published = 1 AND t.votes = {1}) OR (t.published = 0 AND t.score = {1}))" },
	{ "'" ID "0a' in tags",
	    "(EXISTS (SELECT 1 FROM questions_tags h1 WHERE h1.source = t.id AND h1.target = {id 0a}))" },
	{ "tags.exists(x, x.admin)",
	    "(EXISTS (SELECT 1 FROM questions_tags h1 JOIN users h2 ON h2.id = h1.target WHERE h1.source = t.id"
	    " AND h2.admin = 1))" },
	{ "topic.questions.all(q, q.votes < votes)",
	    "(NOT EXISTS (SELECT 1 FROM questions h1 WHERE h1.topic = t.topic AND h1.votes >= t.votes))" },
	{ "size(topic.questions) < 2",
	    "(CASE WHEN t.topic IS NOT NULL THEN (SELECT count(*) FROM questions h1 WHERE h1.topic = t.topic) END"
	    " < {2})" },

	/* through references */
	{ "topic.title == 'x'",
	    "((SELECT h1.title FROM topics h1 WHERE h1.id = t.topic) = {'x'})" },
	{ "has(topic.owner.boss)",
	    "((SELECT h2.boss FROM users h2 WHERE h2.id ="
	    " (SELECT h1.owner FROM topics h1 WHERE h1.id = t.topic)) IS NOT NULL)" },
	{ "!topic.open",
	    "((SELECT h1.open FROM topics h1 WHERE h1.id = t.topic) = 0"
	    " OR (SELECT h1.open FROM topics h1 WHERE h1.id = t.topic) IS NULL)" },

	/* ids and texts */
	{ "topic.owner == author",
	    "((SELECT h1.owner FROM topics h1 WHERE h1.id = t.topic) = t.author"
	    " OR ((SELECT h1.owner FROM topics h1 WHERE h1.id = t.topic) IS NULL"
	    " AND t.author IS NULL))" },
	{ "title == secret", "(t.title = CAST(t.secret AS text))" },
	{ "title == author",
	    "(t.title = CASE WHEN t.author IS NOT NULL THEN"
	    " lower(substr(hex(t.author), 1, 8) || '-' || substr(hex(t.author), 9, 4) || '-' ||"
	    " substr(hex(t.author), 13, 4) || '-' || substr(hex(t.author), 17, 4) || '-' ||"
	    " substr(hex(t.author), 21)) END)" },
};

static void
test_every_caller(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		expect_sql(RULE_USE_READ, texts[i].rule, &guest, texts[i].sql);
		expect_sql(RULE_USE_READ, texts[i].rule, &user, texts[i].sql);
	}
}

static const struct {
	const char *rule, *guest, *user, *key; /* a key without a user */
} caller_texts[] = {
	{ "auth.id == author", "0", "(t.author = {id 0a})", "0" },
	{ "auth.id != author", "1", "(t.author <> {id 0a} OR t.author IS NULL)", "1" },
	{ "!(author == auth.id)", "1", "(t.author <> {id 0a} OR t.author IS NULL)", "1" },
	{ "auth.id == title", "0", "(t.title = {'" ID "0a'})", "0" },
	{ "auth.id == secret", "0", "0", "0" },
	{ "auth.id != secret", "1", "1", "1" },
	{ "auth.id < author", "0", "({id 0a} < t.author)", "0" },
	{ "auth.id == null", "1", "0", "1" },
	{ "auth.id != null", "0", "1", "0" },
	{ "has(auth.id)", "0", "1", "0" },
	{ "auth.id == auth.id", "0", "1", "0" },
	{ "auth.id != auth.id", "1", "0", "1" },
	{ "auth.id == 'x'", "0", "0", "0" },
	{ "auth.id in [author, null]", "1", "(t.author = {id 0a})", "1" },
	{ "author in [auth.id, null]", "(t.author IS NULL)", "(t.author = {id 0a} OR t.author IS NULL)",
	    "(t.author IS NULL)" },
	{ "'editor' in auth.roles", "0", "1", "1" },
	{ "'beginner' in auth.roles", "0", "1", "0" },
	{ "!('editor' in auth.roles)", "1", "0", "0" },
	{ "level in auth.roles", "0", "(t.level IN ({'editor'}, {'beginner'}))", "(t.level IN ({'editor'}))" },
	{ "!(level in auth.roles)", "1",
	    "(t.level NOT IN ({'editor'}, {'beginner'}) OR t.level IS NULL)",
	    "(t.level NOT IN ({'editor'}) OR t.level IS NULL)" },
	{ "published || author == auth.id || 'admin' in auth.roles", "(t.published = 1)",
	    "(t.published = 1 OR t.author = {id 0a})", "(t.published = 1)" },
	{ "(published || author == auth.id) && votes > 1", "(t.published = 1 AND t.votes > {1})",
	    "((t.published = 1 OR t.author = {id 0a}) AND t.votes > {1})",
	    "(t.published = 1 AND t.votes > {1})" },
	{ "topic.owner == auth.id", "0",
	    "((SELECT h1.owner FROM topics h1 WHERE h1.id = t.topic) = {id 0a})", "0" },
};

static void
test_by_caller(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(caller_texts); i++) {
		expect_sql(RULE_USE_READ, caller_texts[i].rule, &guest, caller_texts[i].guest);
		expect_sql(RULE_USE_READ, caller_texts[i].rule, &user, caller_texts[i].user);
		expect_sql(RULE_USE_READ, caller_texts[i].rule, &key, caller_texts[i].key);
	}
}

/* A filter's hop sees the rows that the caller may read. */
static void
test_filter_hops(void **state)
{
	(void)state;
	expect_sql(RULE_USE_FILTER, "topic.title == 'x'", &guest,
	    "((SELECT h1.title FROM topics h1 WHERE h1.id = t.topic AND h1.open = 1) = {'x'})");
	expect_sql(RULE_USE_FILTER, "topic.title == 'x'", &user,
	    "((SELECT h1.title FROM topics h1 WHERE h1.id = t.topic AND (h1.open = 1"
	    " OR (SELECT h2.boss FROM users h2 WHERE h2.id = h1.owner) = {id 0a})) = {'x'})");
	expect_sql(RULE_USE_FILTER, "topic.owner.name == 'x'", &user,
	    "((SELECT h2.name FROM users h2 WHERE h2.id ="
	    " (SELECT h1.owner FROM topics h1 WHERE h1.id = t.topic AND (h1.open = 1"
	    " OR (SELECT h3.boss FROM users h3 WHERE h3.id = h1.owner) = {id 0a}))) = {'x'})");
	expect_sql(RULE_USE_FILTER, "score == 1", &user,
	    "(CASE WHEN (t.published = 1 OR t.author = {id 0a}) THEN t.score END = {1})");
	expect_sql(RULE_USE_FILTER, "topic.questions.exists(q, q.votes == 1)", &guest,
	    "(EXISTS (SELECT 1 FROM questions h1 WHERE h1.topic = (SELECT h2.id FROM topics h2 WHERE h2.id = t.topic"
	    " AND h2.open = 1) AND 0 AND h1.votes = {1}))");
	expect_sql(RULE_USE_FILTER, "secret.word == null", &user,
	    "((SELECT h1.word FROM secrets h1 WHERE h1.id = t.secret AND 0) IS NULL)");
}

static void
test_create_rules_see_the_new_record(void **state)
{
	(void)state;
	expect_sql(RULE_USE_CREATE, "new.author == auth.id && new.topic.open", &user,
	    "(t.author = {id 0a} AND (SELECT h1.open FROM topics h1 WHERE h1.id = t.topic) = 1)");
}

static void
test_what_a_rule_reads(void **state)
{
	const struct rule *local = compile(RULE_USE_READ, STR("author == auth.id"));
	const struct rule *rule = compile(RULE_USE_READ, STR("topic.title == 'x'"));
	const struct rule *filter = compile(RULE_USE_FILTER, STR("topic.title == 'x'"));
	const struct collection *users = app_collection(app, STR("users"));
	const struct collection *topics = app_collection(app, STR("topics"));

	(void)state;
	assert_true(rule_is_local(local));
	assert_false(rule_reads(&rules, local, users));
	assert_false(rule_is_local(rule));
	assert_true(rule_reads(&rules, rule, topics));
	assert_false(rule_reads(&rules, rule, users));
	assert_true(rule_reads(&rules, filter, users));
}

static const struct {
	enum rule_use use;
	const char *rule;
	size_t offset;
	const char *detail;
} mistakes[] = {
	{ RULE_USE_READ, "", 0, "expected a value, not the end" },
	{ RULE_USE_READ, "votes ==", 8, "expected a value, not the end" },
	{ RULE_USE_READ, "votes == )", 9, "expected a value, not ')'" },
	{ RULE_USE_READ, "(published", 10, "expected an operator or ')', not the end" },
	{ RULE_USE_READ, "published votes", 10, "expected an operator or the end, not 'votes'" },
	{ RULE_USE_READ, "votes = 1", 6, "expected '=='" },
	{ RULE_USE_READ, "votes === 1", 6, "expected '==' instead of '==='" },
	{ RULE_USE_READ, "votes !== 1", 6, "expected '!=' instead of '!=='" },
	{ RULE_USE_READ, "votes <> 1", 6, "expected '!=' instead of '<>'" },
	{ RULE_USE_READ, "votes == 1 and published", 11, "expected '&&' instead of 'and'" },
	{ RULE_USE_READ, "(votes == 1 OR published)", 12, "expected '||' instead of 'OR'" },
	{ RULE_USE_READ, "published ? votes == 1 or true : true", 23, "expected '||' instead of 'or'" },
	{ RULE_USE_READ, "not published", 0, "expected '!' instead of 'not'" },
	{ RULE_USE_READ, "published && NOT (votes == 1)", 13, "expected '!' instead of 'NOT'" },
	{ RULE_USE_READ, "votes not in [1]", 6, "expected '!(…)' around it instead of 'not'" },
	{ RULE_USE_READ, "votes IN [1]", 6, "expected 'in' instead of 'IN'" },
	{ RULE_USE_READ, "title is null", 6, "expected '==' or '!=' instead of 'is'" },
	{ RULE_USE_READ, "title like 'x%'", 6,
	    "expected startsWith(), endsWith() or contains() instead of 'like'" },
	{ RULE_USE_READ, "and == 1", 0, "unknown field 'and'" },
	{ RULE_USE_READ, "votes ~ 1", 6, "'~' is not part of the language" },
	{ RULE_USE_READ, "published & true", 10, "expected '&&'" },
	{ RULE_USE_READ, "1 < votes < 3", 10, "expected '&&', '||' or the end: comparisons do not chain" },
	{ RULE_USE_READ, "!published == true", 0,
	    "expected a value, not a condition: join conditions with '&&' and '||'" },
	{ RULE_USE_READ, "title == 'x", 9, "the string that begins here does not end" },
	{ RULE_USE_READ, "title == '\\q'", 10,
	    "unknown escape: known are \\\\ \\' \\\" \\n \\r \\t \\uXXXX \\UXXXXXXXX" },
	{ RULE_USE_READ, "title == '\\ud800'", 10, "this is not a character that a text can have" },
	{ RULE_USE_READ, "title == '\\u00g0'", 10, "expected 4 hexadecimal digits behind '\\u'" },
	{ RULE_USE_READ, "votes == 9223372036854775808", 9,
	    "expected a whole number of 64 bits without leading zeros, not 9223372036854775808" },
	{ RULE_USE_READ, "votes == 1x", 10, "expected a number in decimal digits" },
	{ RULE_USE_READ, "title == 'x' && \xff", 16, "expected valid UTF-8" },
	{ RULE_USE_READ, "title == ß", 9, "this character can stand only in a string" },

	{ RULE_USE_READ, "vots > 1", 0, "unknown field 'vots': did you mean 'votes'?" },
	{ RULE_USE_READ, "zzzzz > 1", 0, "unknown field 'zzzzz'" },
	{ RULE_USE_READ, "topic.ownr == auth.id", 6, "unknown field 'ownr': did you mean 'owner'?" },
	{ RULE_USE_READ, "topic.votes == 1", 6, "unknown field 'votes'" },
	{ RULE_USE_READ, "title.x == 1", 6,
	    "nothing can follow 'title', which is a text and no reference" },
	{ RULE_USE_READ, "auth.name == 'x'", 5, "unknown field 'name': 'auth' has 'id' and 'roles'" },
	{ RULE_USE_READ, "auth == null", 0, "expected 'auth.id' or 'auth.roles'" },
	{ RULE_USE_READ, "auth.roles == null", 0,
	    "'auth.roles' is a list: expected it behind 'in', as in 'editor' in auth.roles" },
	{ RULE_USE_READ, "new.votes == 1", 0,
	    "unknown field 'new': it is known in create and update rules only" },
	{ RULE_USE_CREATE, "votes == 1", 0, "expected 'new.votes': a create rule has no record before it" },
	{ RULE_USE_CREATE, "new == null", 0, "expected a field behind 'new', as in 'new.id'" },

	{ RULE_USE_READ, "title", 0, "expected a condition, but title is a text" },
	{ RULE_USE_READ, "published && 1", 13, "expected a condition, but 1 is a whole number" },
	{ RULE_USE_READ, "votes == 'x'", 9,
	    "expected a value that compares with votes, which is a whole number: this is a text" },
	{ RULE_USE_READ, "author < title", 9,
	    "expected a value that compares with author, which is an id: this is a text" },
	{ RULE_USE_READ, "auth.id == votes", 11,
	    "expected a value that compares with auth.id, which is the caller's id: this is a whole number" },
	{ RULE_USE_READ, "asked > '2026-01-01T00:00:00.123456789Z'", 8,
	    "expected a time with at most six digits behind the point, not '2026-01-01T00:00:00.123456789Z'" },
	{ RULE_USE_READ, "asked > '2016-12-31T23:59:60Z'", 8,
	    "expected a time outside of leap seconds, which are not kept, not '2016-12-31T23:59:60Z'" },
	{ RULE_USE_READ, "asked > 'tomorrow'", 8,
	    "expected a time such as '2026-11-23T08:00:00Z', not 'tomorrow'" },
	{ RULE_USE_READ, "author == 'me'", 10,
	    "expected an id such as '018f3a1e-0000-7000-8000-000000000000', not 'me'" },
	{ RULE_USE_READ, "secret == 'me'", 10, "expected an id such as '7', not 'me'" },
	{ RULE_USE_READ, "level == 'begginer'", 9,
	    "unknown value 'begginer' of 'level': did you mean 'beginner'?" },
	{ RULE_USE_READ, "level in ['advanced', 'x']", 22,
	    "unknown value 'x': expected one of the 2 values of 'level', as 'beginner'" },
	{ RULE_USE_READ, "level < 'advanced'", 0,
	    "an enum has no order here: expected '==', '!=' or 'in'" },
	{ RULE_USE_READ, "votes in 1", 9, "expected a list, references or 'auth.roles' behind 'in'" },
	{ RULE_USE_READ, "votes in [1, 'x']", 13,
	    "expected a value that compares with votes, which is a whole number: this is a text" },
	{ RULE_USE_READ, "votes == [1]", 9, "a list can only stand behind 'in': expected a value" },
	{ RULE_USE_READ, "votes in auth.roles", 0,
	    "expected a text in front of 'in auth.roles', not a whole number" },
	{ RULE_USE_READ, "sice(title) > 1", 0, "unknown function 'sice': did you mean 'size'?" },
	{ RULE_USE_READ, "matches(title)", 0,
	    "unknown function 'matches': known are has, size, lower, startsWith, endsWith, contains, exists, "
	    "all, duration" },
	{ RULE_USE_READ, "contains(title, 'x')", 0, "expected it written as x.contains(s)" },
	{ RULE_USE_READ, "title.size() > 1", 6, "expected it written as size(x)" },
	{ RULE_USE_READ, "size(title)", 0, "expected a condition, but size is a value" },
	{ RULE_USE_READ, "has(title) == true", 0,
	    "expected a value, not a condition: join conditions with '&&' and '||'" },
	{ RULE_USE_READ, "votes.startsWith('x')", 0,
	    "expected a text in front of a text function, not a whole number" },
	{ RULE_USE_READ, "title.startsWith(1)", 17, "expected a text in a text function, not a whole number" },
	{ RULE_USE_READ, "size(votes) > 1", 5, "expected a text or a list in size(), not a whole number" },
	{ RULE_USE_READ, "has(1)", 4, "expected a field's name, not '1'" },
};

static void
expect_mistake(enum rule_use use, struct str text, size_t offset, const char *detail)
{
	const struct collection *questions = app_collection(app, STR("questions"));
	struct rule_error error = { 0 };
	const struct rule *rule;

	if (rule_compile(&arena, &rules, questions, use, use == RULE_USE_FILTER ? &guest : NULL, text, &rule, &error) != ERR_BAD_FILTER)
		fail_msg("no mistake in %.*s", STR_ARGS(text));
	if (error.offset != offset || strcmp(error.detail, detail) != 0)
		fail_msg("%.*s\n\tis       %zu: %s\n\tand not  %zu: %s", STR_ARGS(text), error.offset,
		    error.detail, offset, detail);
}

static void
test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mistakes); i++)
		expect_mistake(mistakes[i].use, str_from(mistakes[i].rule), mistakes[i].offset,
		    mistakes[i].detail);
}

static void
add_times(struct buf *buf, const char *text, int times)
{
	while (times-- > 0)
		buf_add_c(buf, text);
}

static void
test_limits(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 1 << 20);
	add_times(&buf, "published||", RULE_TERMS_MAX - 1);
	buf_add_c(&buf, "published");
	assert_non_null(compile(RULE_USE_READ, buf_str(&buf)));
	buf_add_c(&buf, "||published");
	expect_mistake(RULE_USE_READ, buf_str(&buf), RULE_TERMS_MAX * 11,
	    "expected at most 100 comparisons, list items and operators");
	buf_clear(&buf);
	buf_add_c(&buf, "votes in [0");
	add_times(&buf, ",1", RULE_TERMS_MAX);
	buf_add_c(&buf, "]");
	expect_mistake(RULE_USE_READ, buf_str(&buf), 10 + RULE_TERMS_MAX * 2,
	    "expected at most 100 comparisons, list items and operators");
	buf_clear(&buf);
	add_times(&buf, "(!", 2000);
	expect_mistake(RULE_USE_READ, buf_str(&buf), 32, "expected at most 32 levels of parentheses, '!', '-' and '?'");
	buf_clear(&buf);
	buf_add_c(&buf, "author");
	add_times(&buf, ".boss", 9);
	buf_add_c(&buf, " == null");
	expect_mistake(RULE_USE_READ, buf_str(&buf), 6 + 8 * 5 + 1,
	    "expected a path of at most 8 references");
	buf_clear(&buf);
	add_times(&buf, " ", RULE_SIZE_MAX + 1);
	expect_mistake(RULE_USE_READ, buf_str(&buf), RULE_SIZE_MAX, "expected at most 4096 bytes, not 4097");
	buf_release(&buf);
}

/* Mistakes in an app's rules stand where the file has them. */
static void
test_mistakes_of_an_app(void **state)
{
	static const char text[] =
	    "app: golden\n"
	    "api: { prefix: /v1 }\n"
	    "database: sqlite:data/golden.db\n"
	    "collections:\n"
	    "  users:\n"
	    "    fields: { name: { type: text } }\n"
	    "    access:\n"
	    "      read: name == nmae\n"
	    "      create: new.name == 'x' && name == 'y'\n"
	    "      update: new.name == name\n";
	struct app_mistakes found;
	struct app *wrong;
	struct rules compiled;

	(void)state;
	app_mistakes_init(&found);
	wrong = app_read(str_from(text), &found);
	assert_non_null(wrong);
	assert_false(rules_compile_app(&arena, wrong, &compiled, &found));
	assert_int_equal(found.count, 2);
	assert_int_equal(found.first->at.line, 8);
	assert_int_equal(found.first->at.column, 21);
	assert_true(str_is(found.first->detail,
	    "read rule of 'users': unknown field 'nmae': did you mean 'name'?"));
	assert_int_equal(found.first->next->at.line, 9);
	assert_int_equal(found.first->next->at.column, 34);
	app_free(wrong);
	app_mistakes_release(&found);
}

static enum err
hop_fails(void *arg, const struct collection *collection, const struct value *id,
    const struct value **ret)
{
	(void)collection;
	(void)id;
	(void)ret;
	++*(int *)arg;
	return ERR_IO;
}

/* The first failed hop is the answer; no other is asked for, and none where the left side decides. */
static void
test_a_hop_fails(void **state)
{
	const struct rule *rule = compile(RULE_USE_READ, STR("topic.open || topic.title == 'x'"));
	const struct rule *decided = compile(RULE_USE_READ, STR("'editor' in auth.roles || topic.open"));
	struct value record[23] = { 0 };
	bool answer = false;
	int hops = 0;
	const struct rule_rows rows = { .record = record, .hop = hop_fails, .arg = &hops };

	(void)state;
	assert_int_equal(app_collection(app, STR("questions"))->columns_count, COUNT(record));
	record[6].kind = VALUE_UUID;
	assert_true(str_is(app_collection(app, STR("questions"))->columns[6].name, "topic"));
	assert_int_equal(rule_evaluate(rule, &user, &rows, &answer), ERR_IO);
	assert_false(answer);
	assert_int_equal(hops, 1);
	assert_int_equal(rule_evaluate(decided, &user, &rows, &answer), OK);
	assert_true(answer);
	assert_int_equal(hops, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_caller),
		cmocka_unit_test(test_by_caller),
		cmocka_unit_test(test_filter_hops),
		cmocka_unit_test(test_create_rules_see_the_new_record),
		cmocka_unit_test(test_what_a_rule_reads),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_mistakes_of_an_app),
		cmocka_unit_test(test_a_hop_fails),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
