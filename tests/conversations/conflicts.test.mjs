// What is unique together: all of it is named, and nothing that the caller may not see.

import assert from 'node:assert/strict';
import { pointers, refused } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';
import { uuid7 } from '../lib/ids.mjs';

const access = { read: true, create: true, update: true, delete: true };
const house = new House('conflicts', {
	app: 'conflicts',
	collections: {
		rooms: { fields: { name: { type: 'text', required: true } }, access },
		bookings: {
			id: 'int',
			fields: {
				room: { type: 'ref', to: 'rooms' },
				day: { type: 'date', required: true },
				guest: { type: 'text', required: true, fold: true },
				code: { type: 'text', unique: true },
				desk: { type: 'int', default: 1 },
				secret: { type: 'int', default: 1 },
			},
			unique: [['room', 'day'], ['guest', 'desk', 'day'], ['secret', 'code'], ['secret', 'desk']],
			access,
			fields_access: { secret: { read: "'staff' in auth.roles" } },
		},
	},
});

const taken = (answer) => refused(answer, 409).json.errors.map((error) => [error.pointer, error.code, error.detail]);

house.test('the detail names all fields, the pointer the first', async ({ server, api }) => {
	const staff = api.as(server.key('--role', 'staff'));
	const room = (await api.make('/rooms', { name: 'blue' })).id;
	await api.make('/bookings', { room, day: '2026-01-01', guest: 'Ann', code: 'a', desk: 1 });
	const other = await api.make('/bookings', { room, day: '2026-01-02', guest: 'Bob', code: 'b', desk: 2 });
	const alike = { room, day: '2026-01-01', guest: 'Cy', desk: 3 };
	const together = [['#/room', 'unique', 'another record has this room and day already']];
	assert.deepEqual(taken(await api.post('/bookings', alike)), together);
	assert.deepEqual(taken(await api.put(`/bookings/${9000}`, alike)), together);
	assert.deepEqual(taken(await api.put('/bookings/code:new', alike)), together);
	assert.deepEqual(taken(await api.patch(`/bookings/${other.id}`, { day: '2026-01-01' })), together);
	assert.deepEqual(pointers(await api.post('/bookings', [{ ...alike, day: '2026-01-05' }, { ...alike, desk: 4 }])), [['#/1/room', 'unique']]);
	assert.deepEqual(taken(await staff.post('/bookings', { day: '2026-01-01', guest: 'ANN', desk: 1, secret: 5 })),
		[['#/guest', 'unique', 'another record has this guest, desk and day already']], 'however it is written');
	assert.deepEqual(taken(await staff.post('/bookings', { day: '2026-02-01', guest: 'Di', desk: 9, code: 'a', secret: 6 })), [['#/code', 'unique', 'another record has this code already']]);
	assert.deepEqual(taken(await staff.patch(`/bookings/${other.id}`, { desk: 1 })), [['#/secret', 'unique', 'another record has this secret and desk already']]);
	const blind = await api.patch(`/bookings/${other.id}`, { desk: 1 });
	assert.deepEqual(taken(blind), [['#/desk', 'unique', 'another record has this desk already']]);
	assert.doesNotMatch(blind.text, /secret/);
	assert.equal((await api.get(`/bookings/${other.id}`)).etag, other.etag);
	staff.close();
});

house.test('null is like nothing, and a value that comes free is free', async ({ api }) => {
	for (let i = 0; i < 2; i++)
		await api.make('/bookings', { day: '2027-01-01', guest: 'Eve', desk: null });
	const room = (await api.make('/rooms', { name: uuid7() })).id;
	const first = await api.make('/bookings', { room, day: '2027-01-01', guest: 'Fay', desk: null });
	refused(await api.post('/bookings', { room, day: '2027-01-01', guest: 'Gus', desk: null }), 409);
	assert.equal((await api.delete(`/bookings/${first.id}`)).status, 204);
	await api.make('/bookings', { room, day: '2027-01-01', guest: 'Gus', desk: null });
});

house.close();
