// A server for one test.

import test from 'node:test';
import { Api } from './api.mjs';
import { Server } from './server.mjs';

/* A conversation with a server of its own, told to it with a guest; ended whatever happens. */
export function alone(name, app, options, conversation) {
	test(name, { timeout: 120000 }, async () => {
		const server = await Server.start(app, options);
		const api = new Api(server);
		try {
			await conversation({ server, api });
		} catch (error) {
			server.drop();
			throw error;
		} finally {
			api.close();
		}
		await server.release();
	});
}
