// caisson sql: what it shows, what it refuses, and that its writes are commits.

import assert from 'node:assert/strict';
import { alone } from '../lib/alone.mjs';
import { isPostgres } from '../lib/database.mjs';
import { writeAppFile } from '../lib/server.mjs';

const open = { read: true, create: true, update: true, delete: true };
const file = (things, name) => ({
	app: 'shelf',
	collections: {
		[things]: {
			fields: {
				[name]: { type: 'text', required: true }, count: { type: 'int' }, price: { type: 'decimal', scale: 2 },
				day: { type: 'date' }, at: { type: 'time' }, done: { type: 'bool' }, extra: { type: 'json' }, size: { type: 'float' },
			},
			access: open,
		},
	},
});

const VALUES = { count: 7, price: '12.30', day: '2026-11-24', at: '2026-11-24T08:00:00.500000Z', done: true, extra: { a: [1, null] }, size: 0.5 };

function told(name, conversation) {
	for (const [things, field] of [['books', 'title'], ['order', 'select']])
		alone(`${name}: ${things}`, file(things, field), {}, ({ server, api }) => conversation({
			server, api, things, field, path: `/${things}`, table: `"${things}"`, column: `"${field}"`,
			sql: (...args) => server.run(['sql', '-C', server.folder, ...args]),
		}));
}

told('values are shown as the API shows them, while a server runs and when none does', async ({ server, api, sql, path, table, column, field }) => {
	const made = await api.make(path, { [field]: 'one, "two"\nthree', ...VALUES });
	await api.make(path, { [field]: '' });
	for (let i = 0; i < 2; i++) {
		const ran = sql('--json', `SELECT * FROM ${table} ORDER BY id;`);
		assert.equal(ran.status, 0, ran.stderr);
		const [row, bare] = JSON.parse(ran.stdout);
		for (const name of ['id', 'created', 'updated', 'count', 'price', 'day', 'at', 'size', field])
			assert.deepEqual(row[name], name === 'price' && isPostgres ? '12.30' : made[name], name);
		assert.deepEqual([row.done, row.extra], [true, VALUES.extra]);
		assert.deepEqual([bare.count, bare.at, bare.done], [null, null, null]);
		const csv = sql('--csv', `SELECT ${column}, count, at FROM ${table} ORDER BY id`);
		assert.equal(csv.stdout, `${field},count,at\r\n"one, ""two""\nthree",7,${VALUES.at}\r\n"",,\r\n`);
		const shown = sql(`SELECT ${column}, count, id FROM ${table} ORDER BY id`).stdout.split('\n');
		assert.match(shown[2], new RegExp(`^one, "two"\\\\nthree +7 +${made.id}$`));
		assert.match(shown[3], /^ +NULL +[0-9a-f-]{36}$/);
		assert.equal(shown[4], '(2 rows)');
		assert.deepEqual(JSON.parse(sql('--json', `SELECT 1 AS one WHERE 1 = 0`).stdout), []);
		assert.deepEqual(JSON.parse(sql('--json', `SELECT 1 AS n, 2 AS n, 3 AS m, 4 AS n`).stdout), [{ n: 1, n_2: 2, m: 3, n_3: 4 }]);
		const read = server.run(['sql', '-C', server.folder, '--json', '-'], { input: 'SELECT 1 AS one\n;\n' });
		assert.deepEqual(JSON.parse(read.stdout), [{ one: 1 }]);
		await server.stop();
	}
	await server.start();
});

told('values are those of the tables, whatever caisson.yaml says by now', async ({ server, api, sql, things, field, path, table, column }) => {
	await api.make(path, { [field]: 'two', count: 7, size: 0.5, day: '2026-11-24' });
	const other = file(things, field);
	Object.assign(other.collections[things].fields, { [field]: { type: 'int' }, count: { type: 'date' }, size: { type: 'decimal', scale: 2 }, day: { type: 'time' } });
	writeAppFile(server.folder, other);
	const [row] = JSON.parse(sql('--json', `SELECT ${column}, count, size, day FROM ${table}`).stdout);
	assert.deepEqual(row, { [field]: 'two', count: 7, size: 0.5, day: '2026-11-24' });
});

told('nothing is written without --write, and mistakes are told in the words of the database', async ({ api, sql, path, table, column, field }) => {
	await api.make(path, { [field]: 'one' });
	for (const statement of [`DELETE FROM ${table}`, `DROP TABLE ${table}`, `CREATE TABLE x (a int)`, `SELECT 1; DELETE FROM ${table}`, `SELECT nothing FROM ${table}`,
		`SELEC 1`, '', ';', isPostgres ? 'COMMIT' : 'PRAGMA wal_checkpoint', isPostgres ? `SELECT setval('caisson_changes_n', 1)` : `ATTACH 'x.db' AS x`,
		isPostgres ? `SELECT $1` : `SELECT ?`, isPostgres ? `COPY ${table} TO STDOUT` : 'PRAGMA query_only = OFF', 'VACUUM',
		isPostgres ? `/**/ WITH x AS (DELETE FROM ${table} RETURNING 1) SELECT * FROM x` : `/**/ DELETE FROM ${table}`]) {
		const ran = sql(statement);
		assert.equal(ran.status, 1, `${statement}: ${ran.stdout}`);
		assert.notEqual(ran.stderr, '');
	}
	assert.match(sql(`SELECT nothing FROM ${table}`).stderr, /nothing/);
	assert.match(sql(`UPDATE ${table} SET count = 1`).stderr, /--write/);
	assert.equal((await api.list(path)).json.items.length, 1);
	for (const args of [[], ['--json', '--csv', 'SELECT 1'], ['--timeout', 'x', 'SELECT 1'], ['SELECT', '1'], ['--jso', 'SELECT 1']])
		assert.equal(sql(...args).status, 2, args.join(' '));
	assert.equal(sql(`SELECT ${column} FROM ${table}`).status, 0);
});

told('a query ends after its time', async ({ sql }) => {
	const ran = sql('--timeout', '1', isPostgres ? 'SELECT pg_sleep(8)' : 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n');
	assert.equal(ran.status, 1);
	assert.match(ran.stderr, /too long|timeout/);
});

told('a write is a commit: new versions, a number, lines of the log', async ({ server, api, sql, path, table, column, field, things }) => {
	const made = [await api.make(path, { [field]: 'one', count: 1 }), await api.make(path, { [field]: 'two', count: 2 })];
	const before = await api.get(`${path}/${made[0].id}`);
	if (!isPostgres) {
		const refused = sql('--write', `UPDATE ${table} SET count = 9`);
		assert.equal(refused.status, 1);
		assert.match(refused.stderr, /server runs/);
	}
	await server.stop();
	for (const statement of ['SELECT 1', `DROP TABLE ${table}`, `UPDATE ${table} SET nothing = 1`, `UPDATE ${table} SET count = 1; DELETE FROM ${table}`, `UPDATE ${table} SET ${column} = NULL`, `DELETE FROM ${table} WHERE ${column} = ${isPostgres ? '$1' : '?'}`]) {
		const ran = sql('--write', statement);
		assert.equal(ran.status, 1, statement);
		assert.notEqual(ran.stderr, '', statement);
	}
	const ran = sql('--write', '--json', `UPDATE ${table} SET count = 10 WHERE ${column} = 'one'`);
	assert.equal(ran.status, 0, ran.stderr);
	const done = JSON.parse(ran.stdout);
	assert.equal(done.changed, 1);
	assert.match(sql('--write', `DELETE FROM ${table} WHERE ${column} = 'two'`).stdout, /^1 row changed, commit \d+$/m);
	assert.match(sql('--write', `DELETE FROM ${table} WHERE ${column} = 'two'`).stdout, /^nothing changed$/m);
	await server.start();
	const after = await api.as().get(`${path}/${made[0].id}`);
	assert.equal(after.json.count, 10);
	assert.notEqual(after.etag, before.etag);
	assert.ok(after.json.updated > before.json.updated);
	assert.equal((await api.as().list(path)).json.items.length, 1);
	const changes = JSON.parse(sql('--json', `SELECT op, changes FROM caisson_changes WHERE collection = '${things}' AND seq = ${done.commit}`).stdout);
	assert.equal(changes.length, 1);
	const changed = typeof changes[0].changes === 'string' ? JSON.parse(changes[0].changes) : changes[0].changes;
	assert.deepEqual([changes[0].op, changed.count], ['update', [1, 10]]);
	const [commit] = JSON.parse(sql('--json', `SELECT actor FROM caisson_commits WHERE seq = ${done.commit}`).stdout);
	assert.equal(commit.actor, 'sql');
});
