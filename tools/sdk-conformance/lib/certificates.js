// The few X.509 certificates that the tests need, written as DER (RFC 5280), so that neither openssl nor another package
// has to be there. Keys are ECDSA P-256.
import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";

function tlv(tag, ...parts) {
  const body = Buffer.concat(parts);
  let length = [body.length];
  if (body.length > 255) length = [0x82, body.length >> 8, body.length & 255];
  else if (body.length > 127) length = [0x81, body.length];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...parts) => tlv(0x30, ...parts);
const oid = (hex) => tlv(0x06, Buffer.from(hex, "hex"));
const boolean = (b) => tlv(0x01, Buffer.from([b ? 255 : 0]));
const octets = (b) => tlv(0x04, b);
const time = (t) => tlv(0x17, Buffer.from(t.toISOString().replace(/^..|[-:T]|\.\d+/g, ""), "ascii"));

const ecdsaSHA256 = sequence(oid("2a8648ce3d040302"));
const name = (cn) => sequence(tlv(0x31, sequence(oid("550403"), tlv(0x0c, Buffer.from(cn)))));

function extensions(isCA, publicKey, signer) {
  const id = (spki) => createHash("sha1").update(spki).digest();
  const list = [
    sequence(oid("551d13"), boolean(true), octets(isCA ? sequence(boolean(true)) : sequence())), // basicConstraints
    sequence(oid("551d0f"), boolean(true), octets(Buffer.from(isCA ? [3, 2, 1, 6] : [3, 2, 7, 128]))), // keyUsage
    sequence(oid("551d0e"), octets(octets(id(publicKey)))), // subjectKeyIdentifier
    sequence(oid("551d23"), octets(sequence(tlv(0x80, id(signer))))), // authorityKeyIdentifier
  ];
  if (!isCA) list.push(sequence(oid("551d25"), octets(sequence(oid("2b06010505070302"))))); // clientAuth
  return tlv(0xa3, sequence(...list));
}

function certificate(cn, isCA, issuer) {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKey = pair.publicKey.export({ type: "spki", format: "der" });
  const own = { cn, publicKey, key: pair.privateKey.export({ type: "pkcs8", format: "pem" }) };
  const by = issuer ?? own;
  const serial = randomBytes(15);
  serial[0] = (serial[0] & 0x7f) | 1; // positive, and its shortest form
  const day = 24 * 3600 * 1000;
  const content = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))), // version 3
    tlv(0x02, serial),
    ecdsaSHA256,
    name(by.cn),
    sequence(time(new Date(Date.now() - day)), time(new Date(Date.now() + day))),
    name(cn),
    publicKey,
    extensions(isCA, publicKey, by.publicKey),
  );
  const signature = sign("sha256", content, createPrivateKey(by.key));
  const der = sequence(content, ecdsaSHA256, tlv(0x03, Buffer.from([0]), signature));
  const text = der.toString("base64").match(/.{1,64}/g).join("\n");
  return { ...own, pem: `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n` };
}

export const authority = (cn, issuer) => certificate(cn, true, issuer);
export const issue = (cn, issuer) => certificate(cn, false, issuer);
export const selfSigned = (cn) => certificate(cn, false);

// individualKey is the key, primary (1) or secondary (2), of the individual enrollments.
export const individualKey = (n) => Buffer.alloc(32, `conformance ${n}`).toString("base64");
