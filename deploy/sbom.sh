#!/usr/bin/env bash
# The software bill of materials of what the image installs: deploy/sbom.sh [spdx|cyclonedx] > sbom.json
#
# npm is asked in a copy of the lock file without the development dependencies, since its own --omit=dev also omits what
# both they and the program need (tslib, ws). test/image/build.sh compares the list with what is in the image.
set -euo pipefail
cd "$(dirname "$0")/.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
node --input-type=commonjs --eval '
  const { readFileSync, writeFileSync } = require("node:fs")
  const write = (name, value) => writeFileSync(`${process.argv[1]}/${name}`, JSON.stringify(value))
  const { devDependencies, ...ours } = JSON.parse(readFileSync("package.json", "utf8"))
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8"))
  delete lock.packages[""].devDependencies
  for (const [path, { dev }] of Object.entries(lock.packages)) if (dev) delete lock.packages[path]
  write("package.json", ours)
  write("package-lock.json", lock)
' "$copy"
cd "$copy"
npm sbom --package-lock-only --sbom-format="${1:-spdx}"
