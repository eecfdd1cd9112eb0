// What lies on the disk: nobody else may look into data/, and whoever does finds
// no key there, in none of its files.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Server } from '../../lib/server.mjs';

test('data/ is closed to others, and holds of keys only their hashes', async () => {
	const server = await Server.start({ app: 'kept', collections: { things: { fields: { name: { type: 'text' } } } } });
	const key = server.key('--user', 'ann'), data = join(server.folder, 'data');
	const [id, secret] = [server.run(['key', 'list', '-C', server.folder]).stdout.split(' ')[0], key.slice(-32)];
	assert.equal(statSync(data).mode & 0o777, 0o700);
	for (const name of readdirSync(data).filter((each) => each.startsWith('kept.db')))
		assert.equal(statSync(join(data, name)).mode & 0o777, 0o600, name);
	const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
		.map((entry) => readFileSync(join(entry.path, entry.name), 'latin1'));
	assert.ok(files.some((text) => text.includes(id)), 'the key is kept');
	assert.ok(!files.some((text) => text.includes(secret)), 'and not its text');
	await server.release();
});
