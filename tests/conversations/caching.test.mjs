// What answers to reads say to caches: nothing is kept unasked unless the collection declares it.

import assert from 'node:assert/strict';
import { House } from '../lib/house.mjs';
import { boards } from '../lib/two_boards.mjs';

const open = { read: true, create: true, update: true, delete: true };

for (const { word } of boards) {
	const id = word.intIds ? { id: 'int' } : {};
	const fields = { name: { type: 'text', required: true } };
	const house = new House(`${word.app} caching`, {
		app: word.app,
		api: { prefix: '/v1' },
		database: `sqlite:data/${word.app}.db`,
		collections: {
			plain: { ...id, fields, access: open },
			kept: { ...id, fields, access: open, cache: { max_age: '60s' } },
			shared: { ...id, fields: { ...fields, of: { type: 'ref', to: 'plain' } }, access: open, cache: { max_age: '1h', public: true } },
		},
	});

	house.test('reads say what may be kept, and for whom', async ({ api, server }) => {
		const caller = api.as(server.key('--user', word.intIds ? '7' : '01900000-0000-7000-8000-000000000007'));
		for (const [collection, guest, signedIn] of [['plain', 'no-cache', 'private, no-cache'], ['kept', 'private, max-age=60', 'private, max-age=60'], ['shared', 'public, max-age=3600', 'private, max-age=3600']]) {
			const made = await api.make(`/${collection}`, { name: 'x' });
			for (const [who, expected] of [[api, guest], [caller, signedIn]])
				for (const path of [`/${collection}`, `/${collection}/${made.id}`, `/${collection}?limit=1`]) {
					const answer = await who.get(path);
					assert.equal(answer.get('cache-control'), expected, path);
					assert.equal(answer.get('vary'), collection === 'plain' ? 'Accept' : 'Accept, Authorization');
					const unchanged = await who.get(path, { 'if-none-match': answer.etag });
					assert.equal(unchanged.status, 304);
					assert.equal(unchanged.get('cache-control'), expected, '304 says it too');
					assert.equal(unchanged.get('vary'), answer.get('vary'));
				}
			assert.equal((await api.patch(`/${collection}/${made.id}`, { name: 'y' })).get('cache-control'), 'no-store');
			assert.equal((await api.get(`/${collection}?nothing=1`)).get('cache-control'), 'no-store');
			assert.equal((await api.get(`/${collection}/0`)).get('cache-control'), 'no-store');
		}
		for (const query of ['expand=of', 'sort=of.name', `filter=${encodeURIComponent("of.name == 'x'")}`, 'fields=of.name'])
			assert.equal((await api.get(`/shared?${query}`)).get('cache-control'), 'private, max-age=3600', query);
		caller.close();
	});

	house.close();
}
