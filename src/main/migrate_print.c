#include "main/migrate_print.h"

#include <stdio.h>

#include "codec/json.h"
#include "store/migrate/migrate.h"

enum { TEXT_SIZE_MAX = 64 << 20 };

/* --- for people ------------------------------------------------------- */

enum { RISKS_WIDTH_MIN = 14 };

static int
width_of_risks(const struct migration_plan *plan)
{
	size_t width = RISKS_WIDTH_MIN;
	struct buf risks;

	buf_init(&risks, 256);
	for (size_t i = 0; i < plan->steps_count; i++) {
		buf_clear(&risks);
		migration_risks_write(plan->steps[i].risks, &risks);
		if (risks.size > width)
			width = risks.size;
	}
	buf_release(&risks);
	return (int)width;
}

static void
print_step(const struct migration_plan *plan, const struct migration_step *step, int width)
{
	bool is_before = plan->is_edited && (step->risks & MIGRATION_CHECK) != 0 && step->count > 0;
	struct buf risks, records;

	buf_init(&risks, 256);
	buf_init(&records, 4096);
	migration_risks_write(step->risks, &risks);
	migration_step_write_rows(step, &records);
	printf("  %-*.*s %.*s\n", width, STR_ARGS(buf_str(&risks)), STR_ARGS(step->what));
	if (step->lock.data != NULL)
		printf("  %*s lock: %.*s\n", width, "", STR_ARGS(step->lock));
	if (records.size > 0)
		printf("  %*s %.*s%s\n", width, "", STR_ARGS(buf_str(&records)),
		    is_before ? " before the edited SQL has run" : "");
	buf_release(&risks);
	buf_release(&records);
}

static void
print_plan(const struct migration_plan *plan, bool with_hints)
{
	int width = width_of_risks(plan);

	for (size_t i = 0; i < plan->steps_count; i++)
		print_step(plan, &plan->steps[i], width);
	for (size_t i = 0; with_hints && i < plan->hints_count; i++)
		printf("  hint: %.*s\n", STR_ARGS(plan->hints[i]));
}

static void
print_head(const struct migrate_link *link, bool is_first)
{
	if (link->file == NULL)
		puts(is_first ? "From the database to caisson.yaml:" : "From there to caisson.yaml:");
	else if (link->plan->is_edited)
		printf("%.*s, edited since it was written:\n", STR_ARGS(link->file->path));
	else
		printf("%.*s:\n", STR_ARGS(link->file->path));
}

void
migrate_print(const struct migrate_link *links, size_t count, bool is_behind)
{
	if (is_behind && count > 0)
		puts("caisson.yaml is older than the database, which has been changed since: take the newer file.\n"
		     "What going back would do:");
	for (size_t i = 0; i < count; i++) {
		print_head(&links[i], i == 0);
		print_plan(links[i].plan, !is_behind);
	}
	if (count == 0)
		puts("Nothing to do: the database fits caisson.yaml.");
	else if (links[0].plan->dialect == SQL_POSTGRES)
		puts("While it runs, writes and live updates wait; servers that run with the old file then\n"
		     "refuse all requests, and say so on /health/ready.");
}

void
migrate_print_sql(const struct migrate_link *links, size_t count)
{
	struct buf sql;

	buf_init(&sql, TEXT_SIZE_MAX);
	for (size_t i = 0; i < count; i++)
		migration_plan_sql(links[i].plan, &sql);
	printf("%.*s", STR_ARGS(buf_str(&sql)));
	buf_release(&sql);
}

/* --- for programs ----------------------------------------------------- */

static void
write_risks(struct json_writer *writer, unsigned risks)
{
	struct buf words;
	struct str rest, word;

	buf_init(&words, 256);
	migration_risks_write(risks, &words);
	rest = buf_str(&words);
	json_name(writer, STR("risks"));
	json_begin_array(writer);
	while (risks != 0 && str_split(&rest, ',', &word))
		json_string(writer, str_trim(word));
	json_end_array(writer);
	buf_release(&words);
}

static void
write_step(struct json_writer *writer, const struct migration_step *step)
{
	struct str ids = step->ids, id;

	json_begin_object(writer);
	json_name(writer, STR("what"));
	json_string(writer, step->what);
	write_risks(writer, step->risks);
	if (step->lock.data != NULL) {
		json_name(writer, STR("lock"));
		json_string(writer, step->lock);
	}
	if (step->count >= 0) {
		json_name(writer, STR("records"));
		json_int(writer, step->count);
		json_name(writer, STR("ids"));
		json_begin_array(writer);
		while (step->count > 0 && str_split(&ids, ',', &id))
			json_string(writer, str_trim(id));
		json_end_array(writer);
	}
	json_end_object(writer);
}

static void
write_texts(struct json_writer *writer, struct str name, const struct str *texts, size_t count)
{
	json_name(writer, name);
	json_begin_array(writer);
	for (size_t i = 0; i < count; i++)
		json_string(writer, texts[i]);
	json_end_array(writer);
}

void
migrate_print_json(const struct migrate_link *links, size_t count, bool is_behind)
{
	struct json_writer writer;
	struct buf text;

	buf_init(&text, TEXT_SIZE_MAX);
	json_writer_init(&writer, &text);
	json_begin_array(&writer);
	for (size_t i = 0; i < count; i++) {
		const struct migrate_link *link = &links[i];

		json_begin_object(&writer);
		json_name(&writer, STR("file"));
		if (link->file != NULL)
			json_string(&writer, link->file->path);
		else
			json_null(&writer);
		json_name(&writer, STR("edited"));
		json_bool(&writer, link->plan->is_edited);
		json_name(&writer, STR("older"));
		json_bool(&writer, is_behind);
		json_name(&writer, STR("steps"));
		json_begin_array(&writer);
		for (size_t j = 0; j < link->plan->steps_count; j++)
			write_step(&writer, &link->plan->steps[j]);
		json_end_array(&writer);
		write_texts(&writer, STR("hints"), link->plan->hints,
		    is_behind ? 0 : link->plan->hints_count);
		write_texts(&writer, STR("sql"), link->plan->statements, link->plan->statements_count);
		json_end_object(&writer);
	}
	json_end_array(&writer);
	printf("%.*s\n", STR_ARGS(buf_str(&text)));
	buf_release(&text);
}
