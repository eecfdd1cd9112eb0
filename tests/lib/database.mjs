// Where a server keeps its data.  CAISSON_DATABASE is unset, or "sqlite", for
// the file in the app folder; or postgres://… names a cluster in which each
// server of the tests gets a database of its own.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

const cluster = process.env.CAISSON_DATABASE ?? 'sqlite';

export const isPostgres = /^postgres(ql)?:/.test(cluster);
export const engine = isPostgres ? 'postgres' : 'sqlite';

/* The environment for a server on a new, empty database, and how to drop that. */
export function freshDatabase() {
	if (!isPostgres)
		return { env: {}, drop() {} };
	const name = `caisson_test_${randomBytes(6).toString('hex')}`;
	psql(cluster, `create database ${name}`);
	const url = withDatabase(name);
	return {
		url,
		env: { CAISSON_DATABASE: url },
		drop() {
			psql(cluster, `drop database if exists ${name} with (force)`);
		},
	};
}

function withDatabase(name) {
	const match = /^(postgres(?:ql)?:\/\/[^/?]*)(?:\/[^?]*)?(\?.*)?$/.exec(cluster);
	return `${match[1]}/${name}${match[2] ?? ''}`;
}

export function psql(url, statement) {
	const ran = spawnSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', statement], { encoding: 'utf8' });
	if (ran.error || ran.status !== 0)
		throw new Error(`psql: ${ran.error ?? ran.stderr}`);
	return ran.stdout;
}
