/*
 * Links of refs: however they come and go, the array in the record says the
 * same as the table of links, and the log tells of one change of each record.
 */
#include "base/test_random.h"
#include "records/links.h"
#include "store/log.h"
#include "store/test_shop.h"

static const char links_text[] = "app: links\n"
				 "database: sqlite:data/links.db\n"
				 "collections:\n"
				 "  tags:\n"
				 "    fields: { name: { type: text } }\n"
				 "  days:\n"
				 "    id: int\n"
				 "    fields: { name: { type: text } }\n"
				 "  notes:\n"
				 "    fields:\n"
				 "      title: { type: text }\n"
				 "      tags: { type: refs, to: tags }\n"
				 "      more: { type: refs, to: tags }\n"
				 "      days: { type: refs, to: days }\n"
				 "      near: { type: refs, to: notes }\n";

enum { TAGS = 6, DAYS = 12, NOTES = 5, FIELDS = 4 };
static const char *const field_names[FIELDS] = { "tags", "more", "days", "near" };

static const struct collection *notes;

static struct value
id_of(const struct collection *collection, int number)
{
	struct uuid uuid = { { 0xab,
	    0xcd, [14] = (uint8_t)collection->index, [15] = (uint8_t)number } };

	return collection->id_type == FIELD_INT ? value_int(number) : value_uuid(uuid);
}

static const struct field *
field_of(const char *name)
{
	return collection_column(notes, str_from(name));
}

/* --- writing as bodies do --------------------------------------------- */

struct note {
	struct value id, arrays[FIELDS];
	bool exists;
};

static enum err
make_note(struct tx *tx, void *arg)
{
	struct note *note = arg;
	struct test_row row = { .collection = notes };
	enum err err;

	row.values[COLUMN_ID] = note->id;
	for (size_t i = 0; i < FIELDS; i++)
		row.values[field_of(field_names[i])->column] = note->arrays[i];
	err = test_insert(tx, &row);
	for (size_t i = 0; i < FIELDS && err == OK; i++)
		err = links_write(
		    tx, notes, field_of(field_names[i]), &note->id, NULL, &note->arrays[i]);
	return err;
}

struct note_change {
	const struct note *note;
	size_t field;
	struct value array;
};

static enum err
change_note(struct tx *tx, void *arg)
{
	struct note_change *change = arg;
	const char *name = field_names[change->field];
	enum err err = test_update(tx, notes, change->note->id, name, change->array, NULL);

	if (err == OK)
		err = links_write(tx, notes, field_of(name), &change->note->id,
		    &change->note->arrays[change->field], &change->array);
	return err;
}

static enum err
make_targets(struct tx *tx, void *arg)
{
	const struct collection *tags = app_collection(test.app, STR("tags")),
				*days = app_collection(test.app, STR("days"));
	enum err err = OK;

	(void)arg;
	for (int i = 0; i < TAGS + DAYS && err == OK; i++) {
		const struct collection *collection = i < TAGS ? tags : days;
		struct test_row row = { .collection = collection };

		row.values[COLUMN_ID] = id_of(collection, i < TAGS ? i + 1 : i - TAGS + 1);
		err = test_insert(tx, &row);
	}
	return err;
}

struct removal {
	const struct collection *collection;
	struct value id;
};

static enum err
remove_row(struct tx *tx, void *arg)
{
	struct removal *removal = arg;

	return test_delete(tx, removal->collection, removal->id);
}

static int
open_links(void **state)
{
	(void)state;
	test_store_open(&test, test_app_text(links_text));
	notes = app_collection(test.app, STR("notes"));
	assert_int_equal(write_call(make_targets, NULL, NULL), OK);
	return 0;
}

/* --- looking ----------------------------------------------------------- */

struct look {
	struct note note; /* as it stands */
	int64_t version;
	bool agrees; /* the links with the arrays */
};

static enum err
read_links(struct tx *tx, size_t field, struct look *look)
{
	char name[64];
	struct value ids[64], array;
	size_t count = 0;
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	snprintf(name, sizeof(name), "notes_%s", field_names[field]);
	sql_init(&sql, tx->type->dialect);
	sql_addf(
	    &sql, "SELECT \"target\" FROM %n WHERE \"source\" = %v", str_from(name), look->note.id);
	err = tx_query(tx, &sql, &rows);
	while (err == OK && tx_next(&rows))
		ids[count++] = tx_value(&rows, 0,
		    field_of(field_names[field])->to->id_type == FIELD_INT ? VALUE_INT
									   : VALUE_UUID);
	err = tx_close(&rows, err);
	sql_release(&sql);
	array = links_array(tx->arena, ids, &count);
	if (look->note.exists && !value_equal(&array, &look->note.arrays[field])) {
		printf("%s: links %.*s, array %.*s\n", name, STR_ARGS(array.text),
		    STR_ARGS(look->note.arrays[field].text));
		look->agrees = false;
	}
	look->agrees = look->agrees && (look->note.exists || count == 0);
	return err;
}

static enum err
look_at(struct tx *tx, void *arg)
{
	struct look *look = arg;
	struct sql_text sql;
	struct tx_rows rows;
	enum err err;

	look->agrees = true;
	sql_init(&sql, tx->type->dialect);
	sql_addf(&sql,
	    "SELECT \"tags\", \"more\", \"days\", \"near\", \"_version\" FROM \"notes\" WHERE "
	    "\"id\" = %v",
	    look->note.id);
	err = tx_query(tx, &sql, &rows);
	look->note.exists = err == OK && tx_next(&rows);
	for (int i = 0; i < FIELDS && look->note.exists; i++) {
		static char texts[FIELDS][4096];
		struct value *array = &look->note.arrays[i];

		*array = tx_column(&rows, i, field_of(field_names[i]));
		memcpy(texts[i], array->text.data, array->text.size);
		array->text.data = texts[i];
	}
	if (look->note.exists)
		look->version = tx_value(&rows, FIELDS, VALUE_INT).integer;
	err = tx_close(&rows, err);
	sql_release(&sql);
	for (size_t i = 0; i < FIELDS && err == OK; i++)
		err = read_links(tx, i, look);
	return err;
}

static struct look
look(struct value id)
{
	struct look look = { .note.id = id };

	assert_int_equal(read_call(look_at, &look), OK);
	assert_true(look.agrees);
	return look;
}

struct logged {
	int64_t since;
	size_t changes, notes; /* of all the commits since, and of notes */
};

static enum err
read_logged(struct tx *tx, void *arg)
{
	struct logged *logged = arg;
	struct log_page page;
	enum err err = log_read(tx, test.app, logged->since, INT64_MAX, 100, &page);

	if (err != OK)
		return err;
	logged->changes = logged->notes = 0;
	for (size_t i = 0; i < page.count; i++) {
		logged->changes += page.commits[i]->changes_count;
		for (struct change *change = page.commits[i]->changes; change != NULL;
		     change = change->next)
			logged->notes += change->collection == notes;
	}
	log_page_release(&page);
	return OK;
}

static struct logged
logged_since(int64_t number)
{
	struct logged logged = { .since = number };

	assert_int_equal(read_call(read_logged, &logged), OK);
	return logged;
}

static struct note
note(int number, const char *tags, const char *more, const char *days, const char *others)
{
	return (struct note){ .id = id_of(notes, number),
		.exists = true,
		.arrays = { value_json(str_from(tags)), value_json(str_from(more)),
		    value_json(str_from(days)), value_json(str_from(others)) } };
}

#define TAG_1 "\"abcd0000-0000-0000-0000-000000000001\""
#define TAG_2 "\"abcd0000-0000-0000-0000-000000000002\""
#define TAG_3 "\"abcd0000-0000-0000-0000-000000000003\""
#define TAG_4 "\"abcd0000-0000-0000-0000-000000000004\""
#define TAG_5 "\"abcd0000-0000-0000-0000-000000000005\""
#define TAG_6 "\"abcd0000-0000-0000-0000-000000000006\""
#define NOTE_1 "\"abcd0000-0000-0000-0000-000000000201\""
#define NOTE_2 "\"abcd0000-0000-0000-0000-000000000202\""

static void
assert_arrays(
    struct value id, const char *tags, const char *more, const char *days, const char *others)
{
	const char *expected[FIELDS] = { tags, more, days, others };
	struct look seen = look(id);

	assert_true(seen.note.exists);
	for (size_t i = 0; i < FIELDS; i++) {
		if (!str_is(seen.note.arrays[i].text, expected[i]))
			printf("%s: %.*s\n", field_names[i], STR_ARGS(seen.note.arrays[i].text));
		assert_true(str_is(seen.note.arrays[i].text, expected[i]));
	}
}

/* --- tests -------------------------------------------------------------- */

static void
arrays_are_sorted_and_ids_stand_once(void **state)
{
	struct value ids[] = { value_int(10), value_int(9), value_int(10), value_int(-3) }, *read;
	struct value array;
	struct arena arena;
	size_t count = COUNT(ids);

	(void)state;
	arena_init(&arena, 1 << 16);
	array = links_array(&arena, ids, &count);
	assert_int_equal(count, 3);
	assert_true(str_is(array.text, "[-3,9,10]"));
	assert_int_equal(links_ids(&arena, field_of("days"), &array, &read, &count), OK);
	assert_int_equal(count, 3);
	assert_true(read[0].integer == -3 && read[2].integer == 10);
	arena_release(&arena);
}

static void
a_body_is_one_change(void **state)
{
	struct note first = note(1, "[" TAG_1 "," TAG_2 "]", "[]", "[2,10,11]", "[" NOTE_1 "]");
	struct note_change change = { &first, 0, value_json(STR("[" TAG_2 "," TAG_3 "]")) };
	int64_t made, changed;

	(void)state;
	assert_int_equal(write_call(make_note, &first, &made), OK);
	assert_arrays(first.id, "[" TAG_1 "," TAG_2 "]", "[]", "[2,10,11]", "[" NOTE_1 "]");
	assert_int_equal(write_call(change_note, &change, &changed), OK);
	assert_arrays(first.id, "[" TAG_2 "," TAG_3 "]", "[]", "[2,10,11]", "[" NOTE_1 "]");
	assert_true(look(first.id).version == changed);
	assert_int_equal(logged_since(made).changes, 1);
}

static void
a_missing_target_is_told(void **state)
{
	struct note first = note(1, "[" NOTE_1 "]", "[]", "[]", "[]");

	(void)state;
	assert_int_equal(write_call(make_note, &first, NULL), ERR_INVALID);
	assert_false(look(first.id).note.exists);
}

/* It is in two fields of each, and the log has one change for each. */
static void
a_target_that_goes_leaves_the_arrays(void **state)
{
	enum { MANY = 90 };
	struct removal removal = { app_collection(test.app, STR("tags")) };
	int64_t before, number;

	(void)state;
	for (int i = 1; i <= MANY; i++) {
		struct note one =
		    note(i, "[" TAG_1 "," TAG_2 "," TAG_3 "]", "[" TAG_2 "]", "[]", "[]");

		assert_int_equal(write_call(make_note, &one, &before), OK);
	}
	removal.id = id_of(removal.collection, 2);
	assert_int_equal(write_call(remove_row, &removal, &number), OK);
	for (int i = 1; i <= MANY; i++) {
		assert_arrays(id_of(notes, i), "[" TAG_1 "," TAG_3 "]", "[]", "[]", "[]");
		assert_true(look(id_of(notes, i)).version == number);
	}
	assert_int_equal(logged_since(before).notes, MANY);
	assert_int_equal(logged_since(before).changes, MANY + 1);
	removal = (struct removal){ app_collection(test.app, STR("days")), value_int(7) };
	assert_int_equal(write_call(remove_row, &removal, NULL), OK); /* nobody's */
	assert_int_equal(logged_since(number).changes, 1);
}

static void
a_source_that_goes_takes_its_links_along(void **state)
{
	struct note first = note(1, "[" TAG_1 "]", "[" TAG_1 "]", "[1,2]", "[" NOTE_1 "]"),
		    second = note(2, "[]", "[]", "[]", "[" NOTE_1 "," NOTE_2 "]");
	struct removal removal = { notes, first.id };
	int64_t before, number;

	(void)state;
	assert_int_equal(write_call(make_note, &first, NULL), OK);
	assert_int_equal(write_call(make_note, &second, &before), OK);
	assert_int_equal(write_call(remove_row, &removal, &number), OK);
	assert_false(look(first.id).note.exists);
	assert_arrays(second.id, "[]", "[]", "[]", "[" NOTE_2 "]");
	assert_int_equal(logged_since(before).changes, 2);
	removal.id = second.id;
	assert_int_equal(write_call(remove_row, &removal, NULL), OK);
	assert_false(look(second.id).note.exists);
	assert_int_equal(logged_since(number).changes, 1);
}

static enum err
run_by_hand(struct tx *tx, void *arg)
{
	struct sql_text sql;
	enum err err;

	sql_init(&sql, tx->type->dialect);
	sql_add(&sql, arg);
	err = tx_exec(tx, &sql, NULL);
	sql_release(&sql);
	return err;
}

/* Links alone, as somebody at the database's own prompt would write them. */
static void
links_by_hand_set_the_array(void **state)
{
	static char add_day[] = "INSERT INTO notes_days SELECT id, 9 FROM notes",
		    add_tags[] =
			"INSERT INTO notes_tags SELECT n.id, t.id FROM notes n, tags t WHERE true"
			" ON CONFLICT DO NOTHING",
		    drop_days[] = "DELETE FROM notes_days WHERE target >= 10",
		    change_day[] = "UPDATE notes_days SET target = 2 WHERE target = 9";
	struct note first = note(1, "[" TAG_2 "]", "[]", "[10,11]", "[]");
	int64_t number;

	(void)state;
	assert_int_equal(write_call(make_note, &first, NULL), OK);
	assert_int_equal(write_call(run_by_hand, add_day, NULL), OK);
	assert_int_equal(write_call(run_by_hand, add_tags, NULL), OK);
	assert_arrays(first.id, "[" TAG_1 "," TAG_2 "," TAG_3 "," TAG_4 "," TAG_5 "," TAG_6 "]",
	    "[]", "[9,10,11]", "[]");
	assert_int_equal(write_call(run_by_hand, drop_days, &number), OK);
	assert_true(look(first.id).version == number);
	assert_arrays(first.id, "[" TAG_1 "," TAG_2 "," TAG_3 "," TAG_4 "," TAG_5 "," TAG_6 "]",
	    "[]", "[9]", "[]");
	/* One engine refuses what no body does, the other knows what it means. */
	assert_int_equal(
	    write_call(run_by_hand, change_day, NULL), is_postgres() ? OK : ERR_CONFLICT);
	(void)look(first.id);
}

static void
arrays_and_links_always_agree(void **state)
{
	struct note all[NOTES] = { 0 };
	uint64_t random = 3;

	(void)state;
	for (int i = 0; i < 400; i++) {
		struct note *one = &all[test_random_below(&random, NOTES)];
		size_t field = test_random_below(&random, FIELDS);
		const struct collection *to = field_of(field_names[field])->to;
		struct value ids[16];
		size_t count = test_random_below(&random, COUNT(ids));
		struct note_change change = { one, field, value_null() };
		struct removal removal = { notes, one->id };
		struct arena arena;
		enum err err;

		arena_init(&arena, 1 << 16);
		for (size_t k = 0; k < count; k++)
			ids[k] = id_of(to, 1 + (int)test_random_below(&random, TAGS));
		change.array = links_array(&arena, ids, &count);
		if (!one->exists) {
			*one = note((int)(one - all) + 1, "[]", "[]", "[]", "[]");
			one->arrays[field] = change.array;
			err = write_call(make_note, one, NULL);
		} else if (test_random_below(&random, 8) == 0) {
			err = write_call(remove_row, &removal, NULL);
		} else {
			err = write_call(change_note, &change, NULL);
		}
		assert_true(err == OK || err == ERR_INVALID);
		for (size_t k = 0; k < NOTES; k++) {
			static char texts[NOTES][FIELDS][4096];
			struct look seen = look(id_of(notes, (int)k + 1));

			all[k] = seen.note;
			for (size_t n = 0; n < FIELDS && seen.note.exists; n++) {
				memcpy(texts[k][n], seen.note.arrays[n].text.data,
				    seen.note.arrays[n].text.size);
				all[k].arrays[n].text.data = texts[k][n];
			}
		}
		arena_release(&arena);
	}
}

#define LINKS_TEST(name) cmocka_unit_test_setup_teardown(name, open_links, close_test)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LINKS_TEST(arrays_are_sorted_and_ids_stand_once),
		LINKS_TEST(a_body_is_one_change),
		LINKS_TEST(a_missing_target_is_told),
		LINKS_TEST(a_target_that_goes_leaves_the_arrays),
		LINKS_TEST(a_source_that_goes_takes_its_links_along),
		LINKS_TEST(links_by_hand_set_the_array),
		LINKS_TEST(arrays_and_links_always_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
