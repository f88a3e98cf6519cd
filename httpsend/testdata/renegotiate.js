// A hub that asks for the device's certificate after it has read the request, by
// TLS renegotiation, as often as the first argument says. It stores events (204) of
// the device that the certificate names. Its own certificate and key come in PEM on
// standard input; it prints its port, and ends when standard input does.
"use strict";
const fs = require("node:fs");
const tls = require("node:tls");

const times = Number(process.argv[2]);
let pem = "";

function answer(socket, status, text) {
  socket.end(`HTTP/1.1 ${status} X\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`);
}

function ask(socket, left, done) {
  if (left === 0) {
    return done();
  }
  socket.renegotiate({ requestCert: true, rejectUnauthorized: false }, (err) => {
    if (!err) {
      ask(socket, left - 1, done);
    }
  });
}

function serve(socket) {
  let request = "";
  socket.on("error", () => {}); // a client that refuses ends the connection
  socket.on("data", (chunk) => {
    request += chunk.toString("latin1");
    const head = request.indexOf("\r\n\r\n");
    const length = /\r\ncontent-length: (\d+)/i.exec(request);
    if (head < 0 || !length || request.length < head + 4 + Number(length[1])) {
      return;
    }
    ask(socket, times, () => {
      const name = (socket.getPeerCertificate().subject || {}).CN;
      if (name && request.includes(`/devices/${name}/messages/events`)) {
        socket.end("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
      } else {
        answer(socket, 401, '{"errorCode":401003}');
      }
    });
  });
}

function start() {
  const options = { cert: pem, key: pem, minVersion: "TLSv1.2", maxVersion: "TLSv1.2" };
  const server = tls.createServer(options, serve);
  server.listen(0, "127.0.0.1", () => fs.writeSync(1, `${server.address().port}\n`));
}

process.stdin.setEncoding("latin1");
process.stdin.on("data", (text) => {
  pem += text;
  if (pem.includes("\n\n")) { // the end of the PEM
    pem = pem.trim();
    start();
  }
});
process.stdin.on("end", () => process.exit());
