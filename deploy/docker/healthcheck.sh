#!/bin/bash
# Ends with 0 where GET /health answers 200. Not by node: a second one would need a quarter of an ingest's memory, every time.
set -eu
exec 3<>"/dev/tcp/127.0.0.1/${PORT:-8080}"
printf 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 4 line <&3
[[ $line == 'HTTP/1.1 200 '* ]]
