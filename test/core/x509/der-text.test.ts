import { describe, expect, test } from 'vitest';
import { toBase64, toBase64url, toHex, utf8 } from '../../../src/core/bytes.ts';
import { derOfChainText, derOfFile, derOfText, isDer, oneDerOfFile } from '../../../src/core/x509/der-text.ts';
import { makeCrl, name, pem, testKey } from './certificate-kit.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const issuer = name({ '2.5.4.3': 'list' });
const der = makeCrl({ issuer, signer: testKey('ES256', 9) });
const text = pem('X509 CRL', der);
const oneLine = `-----BEGIN X509 CRL-----\n${toBase64(der)}\n-----END X509 CRL-----\n`;
const wrapped = toBase64(der).replace(/.{64}/g, '$&\n');

describe('a list', () => {
  test.each([
    ['PEM', text],
    ['PEM with a zero at its end', `${text}\0`],
    ['PEM whose base64 is one line', oneLine],
    ['PEM with line ends of Windows', text.replaceAll('\n', '\r\n')],
    ['PEM with spaces at the end of its lines', text.replaceAll('\n', ' \t\n')],
    ['PEM with line ends written out', text.replaceAll('\n', '\\n')],
    ['PEM with line ends of Windows written out', `${text.replaceAll('\n', '\\r\\n')}\n`],
    ['base64 of PEM whose base64 is one line', toBase64(utf8(oneLine))],
    ['hexadecimal', toHex(der)],
    ['hexadecimal in capitals, with a line end', `${toHex(der).toUpperCase()}\n`],
    ['base64', toBase64(der)],
    ['base64 in lines', wrapped],
    ['base64url', toBase64url(der)],
    ['base64 without padding', toBase64(der).replace(/=+$/, '')],
    ['hexadecimal of PEM', toHex(utf8(text))],
    ['base64 of PEM with zeros at its end', toBase64(utf8(`${text}\0\0`))],
  ])('is read in %s', (_, written) => {
    expect(derOfText(written, 'X509 CRL')).toEqual([der]);
  });

  test.each([
    ['nothing', ''],
    ['a word', 'garbage'],
    ['hexadecimal of something else', '02020001'],
    ['base64 of something else', toBase64(utf8('something else'))],
    ['hexadecimal of what is no text', 'ff00'],
    ['PEM of another label', pem('CERTIFICATE', der)],
    ['base64 with a character of neither alphabet', `${toBase64(der)}!`],
    ['base64 whose last bits are not zero', 'MAB='],
    ['PEM in base64 twice', toBase64(utf8(toBase64(utf8(text))))],
  ])('is refused: %s', (_, written) => {
    expect(() => derOfText(written, 'X509 CRL')).toThrow(code('malformed'));
  });
});

test('a list of another label is refused by the name of the label: RFC 7468 section 6 wants no CRL', () => {
  const message = 'line 1 of the PEM text: expected a block of X509 CRL, got one of CRL';
  expect(() => derOfText(pem('CRL', der), 'X509 CRL')).toThrow(expect.objectContaining({ code: 'malformed', message }));
});

test('text that would be costly to search for the spaces at its lines’ ends is judged at once', () => {
  expect(() => derOfText(`-----BEGIN X509 CRL-----\n${`${' '.repeat(200_000)}x`}`, 'X509 CRL')).toThrow(
    code('malformed'),
  );
});

describe('a chain', () => {
  const chain = pem('CERTIFICATE', der) + pem('CERTIFICATE', der);
  const lower = encodeURIComponent(chain).replace(/%../g, (digits) => digits.toLowerCase());

  test.each([
    ['PEM', chain],
    ['PEM with a zero at its end', `${chain}\0`],
    ['a header of HTTP', encodeURIComponent(chain)],
    ['a header of HTTP with a zero at its end', encodeURIComponent(`${chain}\0`)],
    ['PEM without a line end and with zeros at its end', `${chain.trimEnd()}\0\0`],
    ['a header of HTTP with a zero right after its last boundary', encodeURIComponent(`${chain.trimEnd()}\0`)],
    ['a header of HTTP with digits in lower case', lower],
    ['a form', new URLSearchParams({ '': chain }).toString().slice(1)],
    ['PEM with line ends written out', chain.replaceAll('\n', '\\n')],
    ['PEM with spaces at the end of its lines', chain.replaceAll('\n', ' \n')],
    [
      'a header of HTTP of PEM whose base64 is one line',
      encodeURIComponent(oneLine.replaceAll('X509 CRL', 'CERTIFICATE')).repeat(2),
    ],
  ])('is read in %s', (_, written) => {
    expect(derOfChainText(written)).toEqual([der, der]);
  });

  test.each([
    ['with a zero between two blocks', `${text.replaceAll('X509 CRL', 'CERTIFICATE')}\0\n${chain}`],
    ['encoded twice', encodeURIComponent(encodeURIComponent(chain))],
    ['cut short', encodeURIComponent(chain).slice(0, -8)],
    ['with a percent sign alone', chain.replace('-----BEGIN', '%-----BEGIN%')],
  ])('is refused %s', (_, written) => {
    expect(() => derOfChainText(written)).toThrow(code('malformed'));
  });
});

describe('a file', () => {
  const label = 'X509 CRL';

  test.each([
    ['DER', der],
    ['PEM', utf8(text)],
    ['PEM after text that begins as DER does', utf8(`0 s:CN = list\n${text}`)],
    ['PEM after a digit alone', utf8(`0\n${text}`)],
    ['base64 of PEM after text that begins as DER does', utf8(toBase64(utf8(`0 s:CN = list\n${text}`)))],
    ['base64 of PEM after other text', utf8(toBase64(utf8(`a list\n${text}`)))],
    ['hexadecimal', utf8(toHex(der))],
  ])('is read in %s', (_, bytes) => {
    expect(derOfFile(bytes, label)).toEqual([der]);
    expect(oneDerOfFile(bytes, label)).toEqual(der);
    expect(isDer(bytes)).toBe(bytes === der);
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['DER that is cut short', der.subarray(0, -1)],
    ['DER with a byte after it', new Uint8Array([...der, 0])],
    ['text that begins as DER does, and nothing else', utf8('0 s:CN = list')],
  ])('is refused: %s', (_, bytes) => {
    expect(() => derOfFile(bytes, label)).toThrow(code('malformed'));
    expect(isDer(bytes)).toBe(false);
  });

  test('of several is refused where one is expected', () => {
    expect(derOfFile(utf8(text + text), label)).toEqual([der, der]);
    expect(() => oneDerOfFile(utf8(text + text), label)).toThrow(code('malformed'));
  });
});
