// What comes over the wire, and what must follow: a table of cases, each a name,
// the bytes, the statuses of all answers, what becomes of the connection, and
// the section that says so ("9112 6.3" is RFC 9112, section 6.3; "ours" is a
// choice that the RFCs leave open).
//
// The connection is "kept" or "closed"; "either" stands where a body that is
// not wanted is skipped if it is here already, and else ends the connection.
// {etag} and the like in bytes are filled in by whoever runs the cases.
//
// Options: `ours` marks what depends on this server's app, so that comparing it
// with others says nothing; `heads` says which requests are HEAD; `no100` that
// not even 100 may come before the answer; `probe: false` that nothing may
// follow the bytes, because it would be taken for a body.

const cases = [];
let group = '';

function add(name, bytes, statuses, fate, rfc, options = {}) {
	cases.push({ name: `${group}: ${name}`, bytes, statuses, fate, rfc, ...options });
}

/* Rows that differ in one thing: [what, into] pairs, or texts that are both. */
function each(pieces, request, statuses, fate, rfc, options) {
	for (const piece of pieces) {
		const [name, text] = Array.isArray(piece) ? piece : [piece, piece];
		add(printable(name), request(text), statuses, fate, rfc, options);
	}
}

function printable(text) {
	const short = text.length > 120 ? `${text.slice(0, 100)}… (${text.length})` : text;
	return JSON.stringify(short).slice(1, -1);
}

const FILE = '/file.txt', ITEMS = '/v1/items', ITEM = '/v1/items/1';
const JSON_BODY = '{"name":"x"}', SIZE = JSON_BODY.length;
const line = (text) => `${text}\r\nHost: a\r\n\r\n`;
const target = (text) => line(`GET ${text} HTTP/1.1`);
const get = (fields = '', path = FILE) => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const head = (fields = '', path = FILE) => get(fields, path).replace('GET', 'HEAD');
const send = (method, path, fields, body = JSON_BODY) => `${method} ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`;
const JSON_TYPE = 'Content-Type: application/json\r\n', LENGTH = `Content-Length: ${SIZE}\r\n`, CHUNKED = 'Transfer-Encoding: chunked\r\n';
const post = (fields, body = JSON_BODY) => send('POST', ITEMS, JSON_TYPE + fields, body);
const chunks = (body, fields = CHUNKED) => post(fields, body);
const LAST = '0\r\n\r\n', WHOLE = `c\r\n${JSON_BODY}\r\n${LAST}`;
const with10 = (request) => request.replace('HTTP/1.1', 'HTTP/1.0');
const OURS = { ours: true };

group = 'request line';
add('a request', get(), [200], 'kept', '9112 3');
add('an empty line before it', `\r\n${get()}`, [200], 'kept', '9112 2.2');
add('two empty lines before it', `\r\n\r\n${get()}`, [400], 'closed', 'ours');
add('a bare LF before it', `\n${get()}`, [400], 'closed', '9112 2.2');
each(['GET', 'GET ', `GET ${FILE}`, `GET ${FILE} `, ` GET ${FILE} HTTP/1.1`, `GET  ${FILE} HTTP/1.1`, `GET ${FILE}  HTTP/1.1`, `GET ${FILE} HTTP/1.1 `,
	`GET\t${FILE} HTTP/1.1`, `GET ${FILE}\tHTTP/1.1`, `GET\x0b${FILE} HTTP/1.1`, `GET ${FILE} x HTTP/1.1`, `${FILE} HTTP/1.1`, ' HTTP/1.1', '', ':', 'HTTP/1.1 200 OK'],
line, [400], 'closed', '9112 3');
each(['http/1.1', 'Http/1.1', 'HTTP/1', 'HTTP/1.', 'HTTP/.1', 'HTTP/1.1.1', 'HTTP/11', 'HTTP/1.10', 'HTTP/01.1', 'HTTP/ 1.1', 'HTTP /1.1', 'HTTP/1,1', 'HTTPS/1.1',
	'HTP/1.1', 'HTTP-1.1', 'HTTP/x.1', 'HTTP/1.x', 'HTTP/+1.1', '1.1', 'ICY/1.1'],
(version) => line(`GET ${FILE} ${version}`), [400], 'closed', '9112 2.3');
each(['HTTP/2.0', 'HTTP/3.7', 'HTTP/0.9', 'HTTP/9.9'], (version) => line(`GET ${FILE} ${version}`), [505], 'closed', '9110 15.6.6');
each(['HTTP/1.2', 'HTTP/1.9'], (version) => line(`GET ${FILE} ${version}`), [200], 'kept', '9110 2.5');
add('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [505], 'closed', '9113 3.4');
add('lines that end in LF', `GET ${FILE} HTTP/1.1\nHost: a\n\n`, [400], 'closed', '9112 2.2');
add('a request line that ends in LF', `GET ${FILE} HTTP/1.1\nHost: a\r\n\r\n`, [400], 'closed', '9112 2.2');
add('a request line that ends in CR', `GET ${FILE} HTTP/1.1\rHost: a\r\n\r\n`, [400], 'closed', '9112 2.2');
add('a request line that ends in CR CR LF', `GET ${FILE} HTTP/1.1\r\r\nHost: a\r\n\r\n`, [400], 'closed', '9112 2.2');
add('a TLS greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', [400], 'closed', '9112 3');
add('a line of SSH', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', [400], 'closed', '9112 3');

group = 'method';
each(['get', 'Get', 'BREW', 'PROPFIND', 'QUERYX', 'G', '!#$%&\'*+-.^_`|~', 'M'.repeat(100)], (method) => line(`${method} ${FILE} HTTP/1.1`), [501], 'closed', '9110 9.1');
each(['TRACE', 'QUERY'], (method) => line(`${method} ${FILE} HTTP/1.1`), [405], 'kept', '9110 15.5.6');
add('CONNECT', line('CONNECT a:80 HTTP/1.1'), [501], 'closed', '9110 9.3.6');
each(['G(T', 'G:T', 'G/T', 'G"T', 'GÉT', 'G\0T', 'G\x7fT', '"GET"'], (method) => line(`${method} ${FILE} HTTP/1.1`), [400], 'closed', '9110 9.1');
add('one that has no end', 'A'.repeat(20000), [414], 'closed', 'ours');
each(['POST', 'PUT', 'PATCH', 'DELETE'], (method) => send(method, FILE, '', ''), [405], 'kept', '9110 15.5.6');
add('POST where only GET works, with a body', send('POST', '/health/live', JSON_TYPE + LENGTH), [405], 'either', '9110 15.5.6', OURS);
add('DELETE of a list', send('DELETE', ITEMS, '', ''), [405], 'kept', '9110 15.5.6', OURS);
add('POST to a record', send('POST', ITEM, JSON_TYPE + LENGTH), [405], 'either', '9110 15.5.6', OURS);
add('OPTIONS of a file', send('OPTIONS', FILE, '', ''), [204], 'kept', '9110 9.3.7', OURS);
add('OPTIONS of a list', send('OPTIONS', ITEMS, '', ''), [204], 'kept', '9110 9.3.7', OURS);
add('OPTIONS of nothing', send('OPTIONS', '/v1/nothing', '', ''), [404], 'kept', '9110 9.3.7', OURS);
add('OPTIONS *', send('OPTIONS', '*', '', ''), [204], 'kept', '9112 3.2.4', OURS);
add('OPTIONS with a body', send('OPTIONS', ITEMS, LENGTH), [204], 'kept', '9110 9.3.7', OURS);

group = 'target';
each([`http://a${FILE}`, `HTTP://a${FILE}`, `http://a:80${FILE}`, `http://a:${FILE}`, `https://a${FILE}`, `http://b${FILE}`, `http://[::1]${FILE}`, `http://a${FILE}?x=1`, 'http://a', 'http://a/', 'http://a?x'],
	target, [200], 'kept', '9112 3.2.2');
add('an absolute one without Host', `GET http://a${FILE} HTTP/1.1\r\n\r\n`, [400], 'closed', '9112 3.2.2');
each([`http://a@b${FILE}`, `http://a:b@c${FILE}`, `http://${FILE}`, `http://a:x${FILE}`, `http://a:99999${FILE}`, `http://[::1${FILE}`, `http:/a${FILE}`, `http:a${FILE}`, `ftp://a${FILE}`,
	`ws://a${FILE}`, 'file:///etc/passwd', 'urn:x'], target, [400], 'closed', '9112 3.2.2');
each(['*', 'a:80', 'example.org', 'file.txt', '../file.txt', '?x', 'a/b', '%2ffile.txt', '\\file.txt'], target, [400], 'closed', '9112 3.2');
each(['*?x', '**', '*/'], (text) => line(`OPTIONS ${text} HTTP/1.1`), [400], 'closed', '9112 3.2.4');
each([`${FILE}#x`, `${FILE}#`, '/a b', '/\x01', '/\x7f', '/é', '/\0', '/\t', '/a\rb'], target, [400], 'closed', '9112 3.2');
each([`${FILE}?`, `${FILE}?x=1&x=2`, `${FILE}?%`, `${FILE}?a/b?c`, '/fil%65.txt', '/%66%69%6c%65%2e%74%78%74'], target, [200], 'kept', '3986 6.2.2');
each(['/%', '/%2', '/%zz', '/%2g', `${FILE}%`, '/%00', `${FILE}%00`, `${FILE}%00.html`, '/%ff', '/%c0%ae%c0%ae/x', '/%c0%af', '/%e0%80%af', '/%ed%a0%80', '/%f5%80%80%80'],
	target, [400], 'kept', '3986 2.1');
each(['/nowhere', '//file.txt', '//etc/passwd', '/file.txt/', '/FILE.TXT', '/file.txt%20', '/file.txt.', '/file', '/./file.txt', '/guide/../file.txt', '/../file.txt', '/../../../../etc/passwd', '/..', '/.',
	'/%2e%2e/file.txt', '/%2e%2e%2f%2e%2e%2fetc/passwd', '/..%2f..%2fetc/passwd', '/guide/..%2ffile.txt', '/guide%2findex.html', '/%2ffile.txt', '/..\\..\\etc\\passwd', '/%5c..%5cetc',
	'/guide\\index.html', '/guide%5cindex.html', '/.env', '/%2eenv', '/.git/config', '/link.txt', '/linked/passwd', '/;/file.txt', '/file.txt;x', '/file.txt:$DATA', '/~root/'],
target, [404], 'kept', 'ours', OURS);
add('16 KiB', target(`/${'a'.repeat(16383)}`), [404], 'kept', '9110 4.1', OURS);
add('one byte more', target(`/${'a'.repeat(16384)}`), [414], 'closed', '9110 15.5.15', OURS);
add('200,000 bytes without an end', `GET /${'a'.repeat(200000)}`, [414], 'closed', '9110 15.5.15');
add('a folder with its index', target('/guide/'), [200], 'kept', 'ours');
add('a folder without its slash', target('/guide'), [308], 'kept', 'ours', OURS);
add('the root', target('/'), [200], 'kept', 'ours');
add('a page of an app, asked for as HTML', get('Accept: text/html\r\n', '/any/page'), [200], 'kept', 'ours', OURS);
add('the same asked for as anything', get('Accept: */*\r\n', '/any/page'), [404], 'kept', 'ours', OURS);
each(['/v1', '/v1/', '/v1/nothing', '/%76%31/nothing', '/v1/%6eothing', '/v1/items/x/y', '/health/none'],
	(path) => get('Accept: text/html\r\n', path), [404], 'kept', 'ours', OURS);
each(['/health/%6cive', '/v1/%69tems/1'], target, [200], 'kept', '3986 6.2.2', OURS);
each(['/v1/items/a%2Fb', '/v1/items//', '/v1//items', '/v1/../v1/items', '/v1/%2e%2e/v1/items', '/v1/items/..', '/V1/items'], target, [404], 'kept', 'ours', OURS);
each(['/v1/items?nothing=1', '/v1/items?limit=1&limit=1', '/v1/items?limit=%zz', '/v1/items?limit=%00', '/v1/items/1?x', '/health/live?x=1'], target, [400], 'kept', 'ours', OURS);

group = 'Host';
const host = (fields) => `GET ${FILE} HTTP/1.1\r\n${fields}\r\n`;
add('none', host(''), [400], 'closed', '9112 3.2');
each(['Host: a\r\nHost: a\r\n', 'Host: a\r\nHost: b\r\n', 'Host: a\r\nhOST: a\r\n', 'Host:\r\n', 'Host: \r\n', 'Host: a b\r\n', 'Host: a/b\r\n', 'Host: a@b\r\n', 'Host: a:b\r\n', 'Host: a:80x\r\n',
	'Host: a:-1\r\n', 'Host: a:99999\r\n', 'Host: a:80:80\r\n', 'Host: :80\r\n', 'Host: [::1\r\n', 'Host: ::1\r\n', 'Host: [::g]\r\n', 'Host: [::1]x\r\n', 'Host: [v1.x]\r\n', 'Host: []\r\n', 'Host: http://a\r\n',
	'Host: a?b\r\n', 'Host: a#b\r\n', 'Host: a\\b\r\n', 'Host: a<b\r\n', 'Host: a%\r\n', 'Host: a%2\r\n', 'Host: ä\r\n', 'Host: "a"\r\n', 'Host: a\0\r\n', 'Host : a\r\n', ' Host: a\r\n', 'Host a\r\n', 'Host\r\n'],
host, [400], 'closed', '9112 3.2');
each(['a', 'A.Example', 'a:80', 'a:', 'a:0', '127.0.0.1:8080', '[::1]', '[::1]:80', '[2001:db8::1]:443', 'a-b.example', 'a.', 'a_b', 'a%20b', '\t a \t'].map((text) => [text, `Host: ${text}\r\n`]), host, [200], 'kept', '9112 3.2');
add('none in HTTP/1.0', with10(host('')), [200], 'closed', '9112 3.2');
add('a bad one in HTTP/1.0', with10(host('Host: a b\r\n')), [400], 'closed', '9112 3.2');

group = 'fields';
each(['X: a\r\n b\r\n', 'X: a\r\n\tb\r\n', 'X: a\r\n \r\n', ' X: a\r\n', '\tX: a\r\n', 'X : a\r\n', 'X\t: a\r\n', ': a\r\n', ':\r\n', 'X\r\n', 'X a\r\n', 'X=a\r\n', 'X Y: a\r\n', 'X/Y: a\r\n', 'X(: a\r\n', '"X": a\r\n', 'X@: a\r\n',
	'X[]: a\r\n', 'É: a\r\n', 'X\x01: a\r\n', 'X\0: a\r\n', 'X\x7f: a\r\n', 'X: a\0b\r\n', 'X: \0\r\n', 'X: a\rb\r\n', 'X: a\r\r\n', 'X: a\nY: b\r\n', 'X: a\n\r\n', 'X: a\x01b\r\n', 'X: a\x1bb\r\n', 'X: a\x7fb\r\n', 'X: a\x0bb\r\n', '\r\r\n'],
get, [400], 'closed', '9112 5');
each(['X:\r\n', 'X: \r\n', 'X:a\r\n', 'X:\t a \t\r\n', 'X: a\tb\r\n', 'X: a: b\r\n', 'X: é\r\n', 'X: \x80\xff\r\n', 'X_Y: a\r\n', '!#$%&\'*+-.^_`|~: a\r\n', '1: a\r\n', 'X: a\r\nX: b\r\n', 'X: "a\r\n', `X:${' '.repeat(1000)}a\r\n`],
	get, [200], 'kept', '9110 5.5');
add('100 of them', get('X: y\r\n'.repeat(99)), [200], 'kept', '6585 5');
add('101 of them', get('X: y\r\n'.repeat(100)), [431], 'closed', '6585 5', OURS);
add('30,000 bytes', get(`X: ${'y'.repeat(30000)}\r\n`), [200], 'kept', '6585 5', OURS);
add('32 KiB', get(`X: ${'y'.repeat(32768)}\r\n`), [431], 'closed', '6585 5', OURS);
add('a long name', get(`${'x'.repeat(33000)}: y\r\n`), [431], 'closed', '6585 5', OURS);
add('100,000 bytes without an end', get().slice(0, -2) + `X: ${'y'.repeat(100000)}`, [431], 'closed', '6585 5');
each(['Authorization: Bearer a\r\nAuthorization: Bearer b\r\n', 'Content-Type: text/plain\r\nContent-Type: application/json\r\n', 'Last-Event-ID: 1\r\nLast-Event-ID: 2\r\n', 'Origin: a\r\nOrigin: b\r\n'],
	(fields) => get(fields), [400], 'closed', '9110 5.3', OURS);

group = 'Content-Length';
each(['', ' ', '+12', '-1', '-0', '0x0c', '0xc', 'c', '1 2', '12 ;', '12;', '12;x', '12,', ',12', '12, 13', '12,12', '12\x0b', '1_2', '1.0', '12.', '1e1', '\xd9\xa1\xd9\xa2', '12\xa0', '"12"', '\'12\'', '9223372036854775808', '18446744073709551628', '99999999999999999999', `${'9'.repeat(400)}`],
	(text) => post(`Content-Length: ${text}\r\n`), [400], 'closed', '9112 6.3');
each([`Content-Length: ${SIZE}\r\nContent-Length: 13\r\n`, `Content-Length: 0\r\n${LENGTH}`, `${LENGTH}Content-Length: 0\r\n`, `${LENGTH}Content-Length:\r\n`, `Content-Length : ${SIZE}\r\n`, `Content-Length\t: ${SIZE}\r\n`, `Content-Length:\r\n ${SIZE}\r\n`,
	`Content-Length: 1\r\n 2\r\n`, `Content-Length: ${SIZE}\0\r\n`, `Content-Length: ${SIZE}\n\r\n`, `Content-Length: ${SIZE}\r\r\n`, `X: y\r\n Content-Length: ${SIZE}\r\n`, `Content-Length\0: ${SIZE}\r\n`],
post, [400], 'closed', '9112 6.3');
each(['12', '0012', ' 12 ', '\t12\t', `${'0'.repeat(20)}12`], (text) => post(`Content-Length:${text}\r\n`), [201], 'kept', '9110 8.6');
add('in another case', post(`content-LENGTH: ${SIZE}\r\n`), [201], 'kept', '9110 5.1');
add('twice the same', post(LENGTH + LENGTH), [201], 'kept', '9112 6.3');
add('one whose name is another', post(`${LENGTH}Content_Length: 5\r\nX-Content-Length: 99\r\n`), [201], 'kept', '9110 5.1');
add('too short a one', post(`Content-Length: ${SIZE - 1}\r\n`), [400, 400], 'closed', '9112 9.3', OURS);
add('too short by a request', post(LENGTH, JSON_BODY + get()), [201, 200], 'kept', '9112 9.3');
add('0', post('Content-Length: 0\r\n', ''), [400], 'kept', '9110 8.6', OURS);
add('none, and no body', post('', ''), [400], 'kept', '9112 6.3', OURS);
add('none, and a body', post(''), [400, 400], 'closed', '9112 6.3', OURS);
add('GET with a body', get(LENGTH) + JSON_BODY, [200], 'kept', '9110 9.3.1');
add('GET with a body that looks like a request', get(`Content-Length: ${get().length}\r\n`) + get(), [200], 'kept', '9110 9.3.1');
add('GET with 0', get('Content-Length: 0\r\n'), [200], 'kept', '9110 9.3.1');
add('HEAD with a body', head(LENGTH) + JSON_BODY, [200], 'kept', '9110 9.3.2');
add('DELETE with a body', send('DELETE', '/v1/items/999999999', JSON_TYPE + LENGTH), [404], 'kept', '9110 9.3.5', OURS);
add('9223372036854775807', post('Content-Length: 9223372036854775807\r\n', ''), [413], 'closed', '9110 15.5.14', { probe: false });
add('one byte over the limit', post('Content-Length: 1048577\r\n', ''), [413], 'closed', '9110 15.5.14', { probe: false, no100: true });
add('one byte over the limit, on GET', get('Content-Length: 1048577\r\n'), [413], 'closed', '9110 15.5.14', { probe: false, ours: true });
add('a body for what is not there', send('POST', '/v1/nothing', JSON_TYPE + LENGTH), [404], 'either', '9112 9.3', OURS);
add('a body like a request for what is not there', send('POST', '/v1/nothing', `${JSON_TYPE}Content-Length: ${get().length}\r\n`, get()), [404], 'either', '9112 9.3', OURS);

group = 'Transfer-Encoding';
each(['', ' ', 'gzip', 'identity', 'xchunked', 'chunkedx', 'chunk', '"chunked"', '\'chunked\'', 'chunked;q=1', 'chunked;', 'chunked,', ',chunked', 'gzip, chunked', 'chunked, gzip', 'chunked, chunked', 'chunked, identity', 'identity, chunked', 'chunked chunked',
	'\x0bchunked', '\0chunked', 'chunked\0', 'chunked\x0b', 'chunked\x7f', 'chun\tked', 'chunked\xa0', 'chunke\xc5\xbfd', '=chunked', 'chunked/1', 'trailers', 'x-chunked', '0'],
(text) => post(`Transfer-Encoding: ${text}\r\n`, WHOLE), [400], 'closed', '9112 6.1');
each([LENGTH + CHUNKED, CHUNKED + LENGTH, `Content-Length: 0\r\n${CHUNKED}`, `${CHUNKED}Content-Length: 0\r\n`, `Content-Length: ${WHOLE.length}\r\n${CHUNKED}`, CHUNKED + CHUNKED, `${CHUNKED}Transfer-Encoding: identity\r\n`, `Transfer-Encoding: identity\r\n${CHUNKED}`,
	`${CHUNKED}Transfer-Encoding: x\r\n`, 'Transfer-Encoding : chunked\r\n', 'Transfer-Encoding\t: chunked\r\n', 'Transfer-Encoding:\r\n chunked\r\n', 'Transfer-Encoding: chunked\r\n , gzip\r\n', ' Transfer-Encoding: chunked\r\n', 'X: y\r\n Transfer-Encoding: chunked\r\n',
	'X: y\rTransfer-Encoding: chunked\r\n', 'X: y\nTransfer-Encoding: chunked\r\n', '\0Transfer-Encoding: chunked\r\n', 'Transfer-Encoding\0: chunked\r\n', 'Transfer-Encoding\x0b: chunked\r\n', 'Transfer-Encoding chunked\r\n', 'Transfer-Encoding: chunked\n\r\n', 'Transfer-Encoding: chunked\r\r\n'],
(fields) => post(fields, WHOLE), [400], 'closed', '9112 6.1');
each(['chunked', 'Chunked', 'CHUNKED', '\tchunked', 'chunked\t ', '  chunked'], (text) => post(`Transfer-Encoding:${text}\r\n`, WHOLE), [201], 'kept', '9112 7');
add('in another case', post('transfer-ENCODING: chunked\r\n', WHOLE), [201], 'kept', '9110 5.1');
add('a name like it', post(`${LENGTH}Transfer_Encoding: chunked\r\nX-Transfer-Encoding: chunked\r\nTransferEncoding: chunked\r\n`), [201], 'kept', '9110 5.1');
add('in HTTP/1.0', with10(post(CHUNKED, WHOLE)), [400], 'closed', '9112 6.1');
add('GET with chunks', get(CHUNKED) + WHOLE, [200], 'kept', '9110 9.3.1');
add('GET with both', get(`Content-Length: 1\r\n${CHUNKED}`) + WHOLE, [400], 'closed', '9112 6.1');
add('a length that hides a request from chunks', post(`Content-Length: ${LAST.length + get().length}\r\n${CHUNKED}`, LAST + get()), [400], 'closed', '9112 11.2');
add('chunks that hide a request from a length', post(`Content-Length: 4\r\n${CHUNKED}`, `${get().length.toString(16)}\r\n${get()}\r\n${LAST}`), [400], 'closed', '9112 11.2');
add('a length, and a coding that is not quite one', post(`${LENGTH}Transfer-Encoding: xchunked\r\n`), [400], 'closed', '9112 11.2');

group = 'chunks';
each([WHOLE, `C\r\n${JSON_BODY}\r\n${LAST}`, `000c\r\n${JSON_BODY}\r\n000\r\n\r\n`, `000000000000000c\r\n${JSON_BODY}\r\n${LAST}`, `4\r\n{"na\r\n8\r\nme":"x"}\r\n${LAST}`, [...JSON_BODY].map((byte) => `1\r\n${byte}\r\n`).join('') + LAST,
	`c;a\r\n${JSON_BODY}\r\n0;b\r\n\r\n`, `c;a=b;c=d\r\n${JSON_BODY}\r\n${LAST}`, `c;a="b;\\"c"\r\n${JSON_BODY}\r\n${LAST}`, `c ;a\r\n${JSON_BODY}\r\n${LAST}`, `c; a = b\r\n${JSON_BODY}\r\n${LAST}`, `c\r\n${JSON_BODY}\r\n0\r\nX: a\r\nY:\r\n\r\n`,
	`c\r\n${JSON_BODY}\r\n0\r\nContent-Length: 5\r\nHost: b\r\n\r\n`], chunks, [201], 'kept', '9112 7.1');
each(['zz\r\n', '\r\n', '\n', ';\r\n', ' \r\n', '-1\r\n', '-0\r\n\r\n', `+c\r\n${JSON_BODY}\r\n${LAST}`, `0xc\r\n${JSON_BODY}\r\n${LAST}`, `c \r\n${JSON_BODY}\r\n${LAST}`, ` c\r\n${JSON_BODY}\r\n${LAST}`, `\tc\r\n${JSON_BODY}\r\n${LAST}`, `c\n${JSON_BODY}\r\n${LAST}`,
	`c\r${JSON_BODY}\r\n${LAST}`, `c\r\r\n${JSON_BODY}\r\n${LAST}`, `c\r\n${JSON_BODY}\n${LAST}`, `c\r\n${JSON_BODY}\r${LAST}`, `c\r\n${JSON_BODY}${LAST}`, `c\r\n${JSON_BODY}xx${LAST}`, `b\r\n${JSON_BODY}\r\n${LAST}`, `d\r\n${JSON_BODY}\r\n${LAST}`, `c_\r\n${JSON_BODY}\r\n${LAST}`,
	`1 2\r\n${JSON_BODY}\r\n${LAST}`, `0000000000000000c\r\n${JSON_BODY}\r\n${LAST}`, 'ffffffffffffffff\r\n', '8000000000000000\r\n', '10000000000000000\r\n', 'fffffffffffffffffffffffff\r\n', `c;\n${JSON_BODY}\r\n${LAST}`, `c;a\nb\r\n${JSON_BODY}\r\n${LAST}`, `c;a\rb\r\n${JSON_BODY}\r\n${LAST}`, `c;a=\r\n${JSON_BODY}\r\n${LAST}`,
	`c;=b\r\n${JSON_BODY}\r\n${LAST}`, `c;a="b\r\n${JSON_BODY}\r\n${LAST}`, `c;a\0\r\n${JSON_BODY}\r\n${LAST}`, `c,a\r\n${JSON_BODY}\r\n${LAST}`, `c;${'a'.repeat(5000)}\r\n${JSON_BODY}\r\n${LAST}`, `c\r\n${JSON_BODY}\r\n0\n\r\n`, `c\r\n${JSON_BODY}\r\n0\r\n\n`, `c\r\n${JSON_BODY}\r\n0\r\n\r\r\n`,
	`c\r\n${JSON_BODY}\r\n0\r\nbad trailer\r\n\r\n`, `c\r\n${JSON_BODY}\r\n0\r\nX : a\r\n\r\n`, `c\r\n${JSON_BODY}\r\n0\r\n: a\r\n\r\n`, `c\r\n${JSON_BODY}\r\n0\r\nX: a\r\n b\r\n\r\n`, `c\r\n${JSON_BODY}\r\n0\r\nX: a\nY: b\r\n\r\n`, `c\r\n${JSON_BODY}\r\n0\r\nX: a\0\r\n\r\n`,
	`c\r\n${JSON_BODY}\r\n0\r\n${'X: y\r\n'.repeat(1000)}\r\n`, `c\r\n${JSON_BODY}\r\n0\r\n${get()}`], chunks, [400], 'closed', '9112 7.1');
add('a second request behind the last', chunks(WHOLE + get()), [201, 200], 'kept', '9112 9.3');
add('a second request behind trailers', chunks(`c\r\n${JSON_BODY}\r\n0\r\nX: a\r\n\r\n${get()}`), [201, 200], 'kept', '9112 7.1.2');
add('no body at all', chunks(LAST), [400], 'kept', '9112 7.1', OURS);

group = 'Expect';
each(['100-continue', '100-Continue', ' 100-continue '], (text) => post(`Expect:${text}\r\n${LENGTH}`), [201], 'kept', '9110 10.1.1');
add('with chunks', chunks(WHOLE, `Expect: 100-continue\r\n${CHUNKED}`), [201], 'kept', '9110 10.1.1');
add('without a body', get('Expect: 100-continue\r\n'), [200], 'kept', '9110 10.1.1', { no100: true });
add('in HTTP/1.0', with10(post(`Expect: 100-continue\r\n${LENGTH}`)), [201], 'closed', '9110 10.1.1', { no100: true });
each(['200-maybe', '100-continue, x', '100', 'x'], (text) => post(`Expect: ${text}\r\n${LENGTH}`), [417], 'closed', '9110 15.5.18', { no100: true });
const expect = (method, path, fields) => send(method, path, `${fields}Expect: 100-continue\r\n`, '');
const REFUSED = { probe: false, no100: true, ours: true };
add('413 comes at once', expect('POST', ITEMS, `${JSON_TYPE}Content-Length: 1048577\r\n`), [413], 'closed', '9110 10.1.1', REFUSED);
add('415 comes at once', expect('POST', ITEMS, `Content-Type: text/plain\r\n${LENGTH}`), [415], 'closed', '9110 10.1.1', REFUSED);
add('415 of a patch comes at once', expect('PATCH', ITEM, `Content-Type: text/plain\r\n${LENGTH}`), [415], 'closed', '9110 10.1.1', REFUSED);
add('404 comes at once', expect('POST', '/v1/nothing', JSON_TYPE + LENGTH), [404], 'closed', '9110 10.1.1', REFUSED);
add('405 comes at once', expect('POST', ITEM, JSON_TYPE + LENGTH), [405], 'closed', '9110 10.1.1', REFUSED);
add('401 comes at once', expect('POST', ITEMS, `Authorization: Bearer nonsense\r\n${JSON_TYPE}${LENGTH}`), [401], 'closed', '9110 10.1.1', REFUSED);
add('what a rule forbids to anybody comes at once', expect('POST', '/v1/sealed', JSON_TYPE + LENGTH), [401], 'closed', '9110 10.1.1', REFUSED);

group = 'connection';
each(['close', 'Close', 'foo, close', 'close, foo', 'close,', ',close', 'close, keep-alive', 'keep-alive, close', ' close '], (text) => get(`Connection:${text}\r\n`), [200], 'closed', '9112 9.6');
add('on two lines', get('Connection: keep-alive\r\nConnection: close\r\n'), [200], 'closed', '9110 7.6.1');
each(['keep-alive', '', 'foo', 'closed', 'xclose', 'close-not', 'Upgrade', 'TE', 'Host', 'Content-Length'], (text) => get(`Connection: ${text}\r\n`), [200], 'kept', '9112 9.3');
add('HTTP/1.0', with10(get()), [200], 'closed', '9112 9.3');
add('HTTP/1.0 that asks to keep it', with10(get('Connection: keep-alive\r\n')), [200], 'kept', '9112 9.3');
add('HTTP/1.0 that asks to keep it, in capitals', with10(get('Connection: Keep-Alive\r\n')), [200], 'kept', '9112 9.3');
add('HTTP/1.0 that asks for both', with10(get('Connection: keep-alive, close\r\n')), [200], 'closed', '9112 9.3');
add('HTTP/1.0 with a body', with10(post(`Connection: keep-alive\r\n${LENGTH}`)), [201], 'kept', '9112 9.3');
add('what stands behind a last request', get('Connection: close\r\n') + get(), [200], 'closed', '9112 9.6');

group = 'pipeline';
add('three requests', get() + get() + get(), [200, 200, 200], 'kept', '9112 9.3.2');
add('an empty line between two', `${get()}\r\n${get()}`, [200, 200], 'kept', '9112 2.2');
add('a HEAD between two', get() + head() + get(), [200, 200, 200], 'kept', '9112 9.3.2', { heads: [false, true, false] });
add('a body between two', get() + post(LENGTH) + get(), [200, 201, 200], 'kept', '9112 9.3.2');
add('an answer without a body between two', get() + get('If-None-Match: {file_etag}\r\n') + get(), [200, 304, 200], 'kept', '9112 9.3.2');
add('good ones before a bad one', get() + post(LENGTH) + target('nowhere') + get(), [200, 201, 400], 'closed', '9112 9.3.2');
add('good ones before a bad field', get() + get('X : y\r\n') + get(), [200, 400], 'closed', '9112 9.3.2');
add('good ones before bad chunks', get() + chunks('zz\r\n') + get(), [200, 400], 'closed', '9112 9.3.2');
add('good ones before two framings', get() + post(LENGTH + CHUNKED, WHOLE) + get(), [200, 400], 'closed', '9112 9.3.2');
add('refusals between good ones', get('', '/nowhere') + get() + get('', '/%zz') + get(), [404, 200, 400, 200], 'kept', '9112 9.3.2');
add('a last one between others', get() + get('Connection: close\r\n') + get(), [200, 200], 'closed', '9112 9.6');
add('50 requests', get().repeat(50), Array(50).fill(200), 'kept', '9112 9.3.2');
add('spaces between two', `${get()} ${get()}`, [200, 400], 'closed', '9112 2.2');

group = 'other protocols';
each(['Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n', 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n', 'Upgrade: TLS/1.2\r\n', 'Connection: Upgrade\r\nUpgrade: foo/2\r\n'],
	get, [200], 'kept', '9110 7.8');
each(['TE: trailers\r\n', 'Connection: TE\r\nTE: trailers, deflate;q=0.5\r\n', 'TE: chunked\r\n', 'Trailer: X\r\n', 'Via: 1.1 a\r\n', 'Max-Forwards: 0\r\n', 'Keep-Alive: timeout=5\r\n', 'Proxy-Connection: close\r\n'], get, [200], 'kept', '9110 10.1.4');

group = 'no body';
add('HEAD of a file', head(), [200], 'kept', '9110 9.3.2');
add('HEAD of what is not there', head('', '/nowhere'), [404], 'kept', '9110 9.3.2');
add('HEAD of a record', head('', ITEM), [200], 'kept', '9110 9.3.2', OURS);
add('HEAD of a list', head('', ITEMS), [200], 'kept', '9110 9.3.2', OURS);
add('HEAD with a bad parameter', head('', `${ITEMS}?x`), [400], 'kept', '9110 9.3.2', OURS);
add('HEAD with a range', head('Range: bytes=0-4\r\n'), [200], 'kept', '9110 14.2');
add('HEAD that has it already', head('If-None-Match: {file_etag}\r\n'), [304], 'kept', '9110 15.4.5');
add('304 with no body', get('If-None-Match: {file_etag}\r\n'), [304], 'kept', '9110 15.4.5');
add('204 with no body', send('PATCH', '/v1/items/2', `${JSON_TYPE}Prefer: return=minimal\r\n${LENGTH}`), [204], 'kept', '9110 15.3.5', OURS);

group = 'conditions on a record';
const read = (fields) => get(fields, ITEM), change = (fields) => send('PATCH', '/v1/items/2', fields + JSON_TYPE + LENGTH);
each(['If-None-Match: {etag}\r\n', 'If-None-Match: W/{etag}\r\n', 'If-None-Match: *\r\n', 'If-None-Match: "x", {etag}\r\n', 'If-None-Match: "x"\r\nIf-None-Match: {etag}\r\n', 'If-None-Match: ,{etag},\r\n', 'If-None-Match: {etag}\r\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n', 'If-Match: {etag}\r\nIf-None-Match: {etag}\r\n'],
	read, [304], 'kept', '9110 13.1.2', OURS);
each(['If-None-Match: "x"\r\n', 'If-None-Match: ""\r\n', 'If-Match: *\r\n', 'If-Match: {etag}\r\n', 'If-Match: "x", {etag}\r\n', 'If-Match: {etag}\r\nIf-None-Match: "x"\r\n', 'If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n', 'If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n', 'If-Match: {etag}\r\nIf-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n', 'Range: bytes=0-1\r\n'],
	read, [200], 'kept', '9110 13.2.2', OURS);
each(['If-Match: "x"\r\n', 'If-Match: W/{etag}\r\n', 'If-Match: "x"\r\nIf-None-Match: {etag}\r\n'], read, [412], 'kept', '9110 13.1.1', OURS);
each(['If-None-Match: x\r\n', 'If-None-Match:\r\n', 'If-None-Match: *, "x"\r\n', 'If-None-Match: "a" "b"\r\n', 'If-Match: 1\r\n', 'If-Match: "x\r\n', 'If-Match: w/"x"\r\n'], read, [400], 'kept', '9110 13.1', OURS);
group = 'conditions on a change';
each(['If-Match: "x"\r\n', 'If-Match: "x"\r\nIf-None-Match: "x"\r\n', 'If-None-Match: *\r\n'], change, [412], 'kept', '9110 13.1.1', OURS);
each(['If-Match: *\r\n', 'If-None-Match: "x"\r\n', 'If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n'], change, [200], 'kept', '9110 13.1', OURS);
add('If-Match on DELETE', send('DELETE', ITEM, 'If-Match: "x"\r\n', ''), [412], 'kept', '9110 13.1.1', OURS);
add('If-Match where nothing is', get('If-Match: *\r\n', '/v1/items/999999999'), [404], 'kept', '9110 13.2.1', OURS);
add('If-None-Match where nothing is', get('If-None-Match: *\r\n', '/v1/items/999999999'), [404], 'kept', '9110 13.2.1', OURS);
add('If-Match on DELETE where nothing is', send('DELETE', '/v1/items/999999999', 'If-Match: *\r\n', ''), [404], 'kept', '9110 13.2.1', OURS);

group = 'conditions on a file';
const OLD = 'Thu, 01 Jan 1970 00:00:00 GMT', LATE = 'Fri, 01 Jan 2100 00:00:00 GMT';
each(['If-None-Match: {file_etag}\r\n', 'If-None-Match: W/{file_etag}\r\n', 'If-None-Match: *\r\n', 'If-None-Match: "x", {file_etag}\r\n', 'If-Modified-Since: {file_date}\r\n', 'If-None-Match: {file_etag}\r\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n', 'If-Match: {file_etag}\r\nIf-None-Match: {file_etag}\r\n',
	'If-Unmodified-Since: {file_date}\r\nIf-Modified-Since: {file_date}\r\n', 'If-Modified-Since: {file_date}\r\nRange: bytes=0-4\r\n', 'If-None-Match: {file_etag}\r\nRange: bytes=0-4\r\n'], get, [304], 'kept', '9110 13.2.2');
each([`If-Modified-Since: ${LATE}\r\n`, 'If-Modified-Since: Friday, 01-Jan-49 00:00:00 GMT\r\n', 'If-Modified-Since: Fri Jan  1 00:00:00 2100\r\n'], get, [304], 'kept', '9110 5.6.7', OURS);
each([`If-Modified-Since: ${OLD}\r\n`, 'If-Modified-Since: Friday, 01-Jan-99 00:00:00 GMT\r\n', 'If-Modified-Since: Thu Jan  1 00:00:00 1970\r\n', 'If-Modified-Since: yesterday\r\n', 'If-Modified-Since:\r\n', `If-Modified-Since: ${LATE.replace('GMT', '+01')}\r\n`, 'If-None-Match: "x"\r\nIf-Modified-Since: {file_date}\r\n',
	'If-Match: {file_etag}\r\n', 'If-Match: *\r\n', 'If-Unmodified-Since: {file_date}\r\n', `If-Unmodified-Since: ${LATE}\r\n`, 'If-Unmodified-Since: never\r\n', `If-Match: {file_etag}\r\nIf-Unmodified-Since: ${OLD}\r\n`], get, [200], 'kept', '9110 13.2.2');
each(['If-Match: "x"\r\n', 'If-Match: W/{file_etag}\r\n', `If-Unmodified-Since: ${OLD}\r\n`, 'If-Match: "x"\r\nIf-None-Match: {file_etag}\r\n', `If-Unmodified-Since: ${OLD}\r\nIf-None-Match: {file_etag}\r\n`, 'If-Match: "x"\r\nRange: bytes=0-4\r\n'], get, [412], 'kept', '9110 13.2.2');
add('a condition where nothing is', get('If-Match: "x"\r\n', '/nowhere'), [404], 'kept', '9110 13.2.1');

group = 'ranges of 26 bytes';
const range = (text) => get(`Range: ${text}\r\n`);
each(['bytes=0-4', 'bytes=0-0', 'bytes=25-25', 'bytes=5-', 'bytes=-5', 'bytes=-1', 'bytes=-26', 'bytes=-99', 'bytes=0-25', 'bytes=0-99', 'bytes=0-', 'bytes=020-021', 'Bytes=0-4', 'bytes=0-4 ', 'bytes=0-99999999999999999999999'], range, [206], 'kept', '9110 14.1.2');
each(['bytes=26-', 'bytes=26-27', 'bytes=99-', 'bytes=-0', 'bytes=99999999999999999999999-'], range, [416], 'kept', '9110 14.1.2');
each(['bytes=4-0', 'bytes=', 'bytes=-', 'bytes=x-y', 'bytes=0', 'bytes=0-x', 'bytes=0-4-8', 'bytes=+0-4', 'bytes=--5', 'bytes 0-4', 'bytes', '0-4', 'items=0-4', 'bytes=0-4,', 'bytes=0-4, 6-8', 'bytes=0-4,0-4,0-4', 'bytes=-5,0-0', 'bytes=99-,0-4', '', 'bytes=0 - 4', 'bytes= 0-4', 'bytes =0-4'], range, [200], 'kept', '9110 14.2', OURS);
each(['If-Range: {file_etag}\r\n', 'If-Range: {file_date}\r\n', 'If-Match: {file_etag}\r\n', 'If-None-Match: "x"\r\n', `If-Modified-Since: ${OLD}\r\n`], (fields) => get(`Range: bytes=0-4\r\n${fields}`), [206], 'kept', '9110 13.1.5');
each(['If-Range: "x"\r\n', 'If-Range: W/{file_etag}\r\n', `If-Range: ${OLD}\r\n`, `If-Range: ${LATE}\r\n`, 'If-Range: x\r\n', 'If-Range:\r\n'], (fields) => get(`Range: bytes=0-4\r\n${fields}`), [200], 'kept', '9110 13.1.5', OURS);
add('If-Range alone', get('If-Range: {file_etag}\r\n'), [200], 'kept', '9110 13.1.5');
add('If-Range that does not hold, and a range that is not there', get('Range: bytes=99-\r\nIf-Range: "x"\r\n'), [200], 'kept', '9110 13.2.2');
add('two Range fields', get('Range: bytes=0-4\r\nRange: bytes=5-9\r\n'), [200], 'kept', '9110 14.2', OURS);

group = 'what is acceptable';
const accept = (text) => get(`Accept: ${text}\r\n`, ITEM);
each(['application/json', 'application/*', '*/*', 'text/html, */*;q=0.1', 'APPLICATION/JSON', 'application/json;q=0.001', 'application/json; charset=utf-8', '', 'text/html, application/json', 'text/html\r\nAccept: application/json', 'nonsense', 'a/b/c', '*/*;q=2', 'application/json;q=1.000'], accept, [200], 'kept', '9110 12.5.1', OURS);
each(['image/png', 'text/html', 'application/json;q=0', 'application/xml, image/*;q=0.5', '*/*;q=0', 'application/jsonp', 'application/json;profile=x', '*/*;q=0.000'], accept, [406], 'kept', '9110 12.4.1', OURS);
each(['Accept-Charset: utf-8\r\n', 'Accept-Charset: latin1\r\n', 'Accept-Charset: *;q=0\r\n', 'Accept-Encoding: gzip, br\r\n', 'Accept-Encoding: identity\r\n', 'Accept-Encoding:\r\n', 'Accept-Encoding: identity;q=0\r\n', 'Accept-Encoding: *;q=0\r\n', 'Accept-Language: tlh\r\n'], get, [200], 'kept', '9110 12.5');
add('an image, of a file that is text', get('Accept: image/png\r\n'), [200], 'kept', '9110 12.5.1');

group = 'what a body is';
const typed = (type) => send('POST', ITEMS, `Content-Type: ${type}\r\n${LENGTH}`);
each(['application/json', 'Application/JSON', 'application/json;charset=utf-8', 'application/json; Charset="UTF-8"', 'application/json ; charset=utf-8', 'application/json; x=y', 'application/json;'], typed, [201], 'kept', '9110 8.3', OURS);
each(['text/plain', 'text/json', 'application/xml', 'application/jsonx', 'application/x-json', 'application/vnd.api+json', 'application/problem+json', 'application/merge-patch+json', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', 'application/json; charset=utf-16', 'application/json; charset=utf-8; charset=utf-8',
	'application/json, text/plain', 'application', 'json', '/', '*/*', '', 'application/json; charset'], typed, [415], 'either', '9110 15.5.16', OURS);
add('none', send('POST', ITEMS, LENGTH), [415], 'either', '9110 15.5.16', OURS);
each(['gzip', 'identity, gzip', 'x'], (coding) => post(`Content-Encoding: ${coding}\r\n${LENGTH}`), [415], 'either', '9110 8.4', OURS);
add('as it is', post(`Content-Encoding: identity\r\n${LENGTH}`), [201], 'kept', '9110 8.4.1', OURS);
group = 'what a patch is';
const patched = (type) => send('PATCH', '/v1/items/2', `Content-Type: ${type}\r\n${LENGTH}`);
each(['application/merge-patch+json', 'application/json', 'application/merge-patch+json; charset=utf-8'], patched, [200], 'kept', '5789 2', OURS);
each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x'], patched, [415], 'either', '5789 2.2', OURS);
group = 'what a body says';
each([['not JSON', '{"name":x}  '], ['JSON with more behind it', '{"name":1}} '], ['bytes that are no UTF-8', '{"name":"\xff"}']].map(([name, body]) => [name, body]), (body) => send('POST', ITEMS, `${JSON_TYPE}Content-Length: ${body.length}\r\n`, body), [400], 'kept', '8259 2', OURS);
add('what does not fit the fields', send('POST', ITEMS, `${JSON_TYPE}Content-Length: 8\r\n`, '{"n":12}'), [422], 'kept', '9110 15.5.21', OURS);

group = 'who asks';
each(['Basic YTpi', 'Bearer', 'Bearer ', 'Bearer nonsense', 'bearer nonsense', 'nonsense', ''], (text) => get(`Authorization: ${text}\r\n`, ITEM), [401], 'kept', '9110 11.6', OURS);

/* All cases, with the words in braces replaced. */
export function fill(words) {
	const filled = (text) => text.replace(/\{(etag|file_etag|file_date)\}/g, (_, word) => words[word]);
	return cases.map((each) => ({
		...each,
		bytes: Buffer.from(filled(each.bytes), 'latin1'),
		heads: each.heads ?? [/^(\r\n)?HEAD /.test(each.bytes)],
	}));
}

export default cases;
