// The tables of a database, seen from behind: SQL on either engine, and the
// whole schema as canonical text, which two databases of one app share
// whatever their histories are.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isPostgres, psql } from './database.mjs';

/* Where a server without a URL of its own keeps its file. */
export function sqlitePath(folder, app) {
	return join(folder, 'data', `${app}.db`);
}

/* Runs SQL; the rows as text, a line each, columns parted by "|". */
export function sql(target, statement) {
	if (isPostgres)
		return psql(target, statement);
	const ran = spawnSync('sqlite3', ['-bail', target], { encoding: 'utf8', input: `${statement};\n` });
	if (ran.error || ran.status !== 0)
		throw new Error(`sqlite3: ${ran.error ?? ran.stderr}\n${statement}`);
	return ran.stdout;
}

export function rows(target, statement) {
	return sql(target, statement).split('\n').filter((line) => line !== '').map((line) => line.split('|'));
}

export function schema(target) {
	return isPostgres ? postgresSchema(target) : sqliteSchema(target);
}

/* Every object by name; a table's columns sorted, for they come in the order of its history. */
function sqliteSchema(path) {
	if (!existsSync(path))
		throw new Error(`there is no ${path}`);
	const ran = spawnSync('sqlite3', ['-json', path, 'select type, name, tbl_name, sql from sqlite_schema where sql is not null order by type, name'],
		{ encoding: 'utf8' });
	if (ran.status !== 0)
		throw new Error(ran.stderr);
	return JSON.parse(ran.stdout || '[]').filter((object) => !object.name.startsWith('sqlite_'))
		.map((object) => object.type === 'table' ? canonicalTable(object.sql) : `${object.sql.replace(/\s+/g, ' ')}`)
		.join('\n');
}

function canonicalTable(text) {
	const open = text.indexOf('('), columns = [];
	let depth = 0, quote = null, begin = open + 1, end = open + 1;
	for (let i = open; i < text.length; i++) {
		const c = text[i];
		if (quote) {
			if (c === quote)
				quote = null;
			continue;
		}
		if (c === '"' || c === "'")
			quote = c;
		else if (c === '(')
			depth++;
		else if ((c === ',' && depth === 1) || (c === ')' && --depth === 0)) {
			columns.push(text.slice(begin, i).trim().replace(/\s+/g, ' '));
			begin = i + 1;
			end = i;
			if (depth === 0)
				break;
		}
	}
	return `${text.slice(0, open).trim()} (${columns.sort().join('; ')})${text.slice(end + 1).replace(/\s+/g, ' ')}`;
}

/* Constraints have names of the server's own: what they say counts. */
function postgresSchema(url) {
	return psql(url, `
		select line from (
		select format('column %s.%s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
			case when a.attnotnull then 'not null' else '' end, coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attidentity) as line
		from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
		where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
		union all select format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint
		where connamespace = 'public'::regnamespace and contype <> 'p'
		union all select format('index %s', pg_get_indexdef(indexrelid)) from pg_index join pg_class c on c.oid = indrelid
		where c.relnamespace = 'public'::regnamespace and not indisprimary
		union all select format('trigger %s', pg_get_triggerdef(t.oid)) from pg_trigger t where not tgisinternal
		) lines order by line collate "C"`);
}
