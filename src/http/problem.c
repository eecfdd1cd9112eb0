#include "http/problem.h"

#include "codec/json.h"

static void
write_text(struct json_writer *writer, struct str name, struct str text)
{
	if (text.data == NULL)
		return;
	json_name(writer, name);
	json_string(writer, text);
}

static void
write_type(struct json_writer *writer, const char *code)
{
	struct buf type;

	buf_init(&type, 256);
	buf_add_c(&type, "/problems/");
	buf_add_c(&type, code);
	write_text(writer, STR("type"), buf_str(&type));
	buf_release(&type);
}

static void
write_error(struct json_writer *writer, const struct problem_error *error)
{
	json_begin_object(writer);
	write_text(writer, STR("pointer"), error->pointer);
	write_text(writer, STR("parameter"), error->parameter);
	if (error->parameter.data != NULL) {
		json_name(writer, STR("offset"));
		json_int(writer, (int64_t)error->offset);
	}
	write_text(writer, STR("code"), error->code);
	write_text(writer, STR("detail"), error->detail);
	json_end_object(writer);
}

void
problem_write(const struct problem *problem, struct buf *buf)
{
	const struct err_row *row = err_row(problem->err);
	struct json_writer writer;

	json_writer_init(&writer, buf);
	json_begin_object(&writer);
	write_type(&writer, row->code);
	write_text(&writer, STR("title"), str_from(row->title));
	json_name(&writer, STR("status"));
	json_int(&writer, row->status);
	write_text(&writer, STR("detail"), problem->detail);
	write_text(&writer, STR("instance"), problem->instance);
	write_text(&writer, STR("code"), str_from(row->code));
	if (problem->errors_count > 0) {
		json_name(&writer, STR("errors"));
		json_begin_array(&writer);
		for (size_t i = 0; i < problem->errors_count; i++)
			write_error(&writer, &problem->errors[i]);
		json_end_array(&writer);
	}
	json_end_object(&writer);
}

/* RFC 3986 §3.5 lets these stand in a fragment as they are; '/' is the pointer's own. */
static bool
may_stand(unsigned char byte)
{
	static const char others[] = "-._!$&'()*+,;=:@?";

	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	    (byte >= '0' && byte <= '9') ||
	    str_find_byte(str_from(others), (char)byte) < sizeof(others) - 1;
}

void
problem_pointer_add(struct buf *buf, struct str name)
{
	static const char hex[] = "0123456789ABCDEF";

	buf_add_byte(buf, '/');
	for (size_t i = 0; i < name.size; i++) {
		unsigned char byte = (unsigned char)name.data[i];
		char escape[] = { '%', hex[byte >> 4], hex[byte & 15] };

		if (byte == '~')
			buf_add_c(buf, "~0");
		else if (byte == '/')
			buf_add_c(buf, "~1");
		else if (may_stand(byte))
			buf_add_byte(buf, (char)byte);
		else
			buf_add(buf, escape, sizeof(escape));
	}
}

void
problem_pointer_add_index(struct buf *buf, size_t index)
{
	buf_add_byte(buf, '/');
	buf_add_int(buf, (int64_t)index);
}
