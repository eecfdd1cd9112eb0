#include "api/public.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/routes.h"
#include "base/limits.h"
#include "base/memory.h"
#include "crypto/hash.h"
#include "http/accept.h"
#include "os/file.h"

enum { FOLDERS_DEEP_MAX = 16 };

/* --- reading ---------------------------------------------------------- */

struct str
public_type(struct str path)
{
	static const struct {
		const char *ending, *type;
	} types[] = {
		{ ".html", "text/html; charset=utf-8" },
		{ ".htm", "text/html; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".mjs", "text/javascript; charset=utf-8" },
		{ ".json", "application/json" },
		{ ".map", "application/json" },
		{ ".jsonld", "application/ld+json" },
		{ ".geojson", "application/geo+json" },
		{ ".webmanifest", "application/manifest+json" },
		{ ".wasm", "application/wasm" },
		{ ".txt", "text/plain; charset=utf-8" },
		{ ".md", "text/markdown; charset=utf-8" },
		{ ".csv", "text/csv; charset=utf-8" },
		{ ".vtt", "text/vtt; charset=utf-8" },
		{ ".ics", "text/calendar; charset=utf-8" },
		{ ".xml", "text/xml; charset=utf-8" },
		{ ".xhtml", "application/xhtml+xml" },
		{ ".atom", "application/atom+xml" },
		{ ".rss", "application/rss+xml" },
		{ ".yaml", "application/yaml" },
		{ ".yml", "application/yaml" },
		{ ".pdf", "application/pdf" },
		{ ".zip", "application/zip" },
		{ ".gz", "application/gzip" },
		{ ".svg", "image/svg+xml" },
		{ ".png", "image/png" },
		{ ".apng", "image/apng" },
		{ ".jpg", "image/jpeg" },
		{ ".jpeg", "image/jpeg" },
		{ ".gif", "image/gif" },
		{ ".webp", "image/webp" },
		{ ".avif", "image/avif" },
		{ ".jxl", "image/jxl" },
		{ ".bmp", "image/bmp" },
		{ ".ico", "image/x-icon" },
		{ ".woff", "font/woff" },
		{ ".woff2", "font/woff2" },
		{ ".ttf", "font/ttf" },
		{ ".otf", "font/otf" },
		{ ".mp3", "audio/mpeg" },
		{ ".m4a", "audio/mp4" },
		{ ".ogg", "audio/ogg" },
		{ ".opus", "audio/ogg" },
		{ ".wav", "audio/wav" },
		{ ".flac", "audio/flac" },
		{ ".mp4", "video/mp4" },
		{ ".webm", "video/webm" },
		{ ".ogv", "video/ogg" },
		{ ".mov", "video/quicktime" },
	};

	for (size_t i = 0; i < COUNT(types); i++) {
		struct str ending = str_from(types[i].ending);

		if (path.size > ending.size &&
		    str_equal_nocase(str_slice(path, path.size - ending.size, path.size), ending))
			return str_from(types[i].type);
	}
	return STR("application/octet-stream");
}

/* Types whose documents may hold scripts, which then run in the app's name. */
static bool
is_page(struct str type)
{
	return str_starts_with(type, STR("text/html")) || str_starts_with(type, STR("image/svg")) ||
	       str_starts_with(type, STR("text/xml")) || str_starts_with(type, STR("application/xhtml"));
}

static struct public_file *
add_file(struct public_files *files)
{
	if (files->count == files->room) {
		files->room = files->room * 2 + 16;
		files->files = memory_resize(files->files, files->room * sizeof(*files->files));
	}
	files->files[files->count] = (struct public_file){ 0 };
	return &files->files[files->count++];
}

static enum err
read_one(struct public_files *files, const char *path, const char *name, int64_t modified_s)
{
	struct public_file *file = add_file(files);
	char digest[SHA256_HEX_SIZE];
	enum err err;

	file->path = (struct str){ memory_copy(name, strlen(name)), strlen(name) };
	file->type = public_type(file->path);
	file->is_page = is_page(file->type);
	file->modified_s = modified_s;
	buf_init(&file->bytes, (size_t)limit(LIMIT_public_size) + 64 * 1024);
	err = file_read(path, &file->bytes);
	if (err != OK)
		return err;
	sha256_hex(buf_str(&file->bytes), digest);
	file->etag[0] = file->etag[PUBLIC_ETAG_SIZE - 1] = '"';
	memcpy(file->etag + 1, digest, PUBLIC_ETAG_SIZE - 2);
	files->size += (int64_t)file->bytes.size;
	return files->size > limit(LIMIT_public_size) ? ERR_TOO_LARGE : OK;
}

static enum err read_folder(struct public_files *files, const char *folder, const char *name, int deep);

static enum err
read_entry(struct public_files *files, const char *folder, const char *name, const char *entry, int deep)
{
	char path[4096], entry_name[4096];
	struct stat status;

	/* Hidden files (.git, .env) are nobody's business. */
	if (entry[0] == '.')
		return OK;
	if (snprintf(path, sizeof(path), "%s/%s", folder, entry) >= (int)sizeof(path) ||
	    snprintf(entry_name, sizeof(entry_name), "%s/%s", name, entry) >= (int)sizeof(entry_name))
		return ERR_TOO_LARGE;
	if (lstat(path, &status) != 0)
		return ERR_IO;
	if (S_ISDIR(status.st_mode))
		return read_folder(files, path, entry_name, deep + 1);
	/* Links are not followed: they could lead anywhere. */
	return S_ISREG(status.st_mode) ? read_one(files, path, entry_name, status.st_mtime) : OK;
}

static enum err
read_folder(struct public_files *files, const char *folder, const char *name, int deep)
{
	DIR *dir = deep > FOLDERS_DEEP_MAX ? NULL : opendir(folder);
	struct dirent *entry;
	enum err err = OK;

	if (dir == NULL)
		return deep == 0 && errno == ENOENT ? OK : ERR_IO;
	while (err == OK && (entry = readdir(dir)) != NULL)
		err = read_entry(files, folder, name, entry->d_name, deep);
	closedir(dir);
	return err;
}

static int
compare_paths(const void *a, const void *b)
{
	return str_compare(((const struct public_file *)a)->path, ((const struct public_file *)b)->path);
}

enum err
public_read(const char *folder, struct public_files **ret, struct buf *ret_detail)
{
	struct public_files *files = memory_new(sizeof(*files));
	char path[4096];
	enum err err;

	snprintf(path, sizeof(path), "%s/public", folder);
	err = read_folder(files, path, "", 0);
	if (err == OK) {
		if (files->count > 0)
			qsort(files->files, files->count, sizeof(*files->files), compare_paths);
		*ret = files;
		return OK;
	}
	buf_addf(ret_detail, "%s cannot be read: %s", path,
	    err == ERR_TOO_LARGE ? "it is over the limit public_size" : strerror(errno));
	public_free(files);
	return err;
}

void
public_free(struct public_files *files)
{
	if (files == NULL)
		return;
	for (size_t i = 0; i < files->count; i++) {
		buf_release(&files->files[i].bytes);
		free((char *)(uintptr_t)files->files[i].path.data);
	}
	free(files->files);
	free(files);
}

/* --- finding ----------------------------------------------------------- */

static const struct route file_route = { H1_GET, ROUTE_ROOT, "/{file}", BODY_NONE, public_file_steps,
	NULL, NULL, "A file of public/", NULL, NULL };

/* The file ${path}${rest}. */
static const struct public_file *
find_file(const struct public_files *files, struct request *request, struct str path, struct str rest)
{
	char *text = arena_new(&request->arena, path.size + rest.size + 1);
	struct public_file key;

	if (text == NULL || files->count == 0)
		return NULL;
	memcpy(text, path.data, path.size);
	memcpy(text + path.size, rest.data, rest.size);
	key.path = (struct str){ text, path.size + rest.size };
	return bsearch(&key, files->files, files->count, sizeof(key), compare_paths);
}

static bool
is_below(struct str path, struct str folder)
{
	return str_starts_with(path, folder) &&
	       (path.size == folder.size || path.data[folder.size] == '/');
}

/* Where a single-page app may have a page that it draws itself: never in the API. */
static bool
is_place_of_page(const struct request *request, struct str path)
{
	return (request->head.method == H1_GET || request->head.method == H1_HEAD) &&
	       !is_below(path, request->served->app->prefix) && !is_below(path, STR("/health"));
}

static size_t
count_slashes(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += text.data[i] == '/';
	return count;
}

/* For who asks for HTML by name; somebody else is told that nothing is here. */
static const struct public_file *
find_page_of_app(struct request *request, struct str path)
{
	const struct public_file *page = find_file(request->served->files, request, STR("/index.html"), STR(""));

	if (page == NULL || !is_place_of_page(request, path))
		return NULL;
	request->answer.vary_accept = true;
	return accept_names(&request->head, STR("text/html")) ? page : NULL;
}

static const struct public_file *
find(struct request *request, struct str path)
{
	const struct public_files *files = request->served->files;
	const struct public_file *file = find_file(files, request, path, STR(""));

	if (file == NULL && path.data[path.size - 1] == '/')
		file = find_file(files, request, path, STR("index.html"));
	if (file == NULL) {
		file = find_file(files, request, path, STR("/index.html"));
		request->is_folder = file != NULL;
	}
	return file != NULL ? file : find_page_of_app(request, path);
}

bool
public_find(struct request *request)
{
	const struct public_files *files = request->served->files;
	struct str path;

	if (files == NULL ||
	    url_decode(&request->arena, request->head.path, false, &path) != OK || path.size == 0 ||
	    count_slashes(path) != count_slashes(request->head.path))
		return false;
	request->file = find(request, path);
	request->is_file = request->file != NULL;
	if (!request->is_file)
		return false;
	request->route = &file_route;
	return true;
}
