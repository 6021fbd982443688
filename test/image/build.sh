#!/usr/bin/env bash
# Builds the image of the Dockerfile and checks what is in it. No registry is asked for the bases: Debian's packages and
# this machine's node and npm stand in for them. Needs root, buildah and mmdebstrap.
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PWD/node_modules/.bin:$PATH # the pinned node

work=$(mktemp -d)
mounted=
served=
cleanup() {
  if [ -n "$served" ]; then kill -KILL "$served" 2> /dev/null && wait "$served" 2> /dev/null || true; fi
  if [ -n "$mounted" ]; then umount "$mounted" || true; fi
  store umount --all > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

# A storage of its own: nothing is left in the machine's, and nothing is taken from it.
driver=overlay
store() {
  buildah --root "$work/$driver" --runroot "$work/$driver-run" --storage-driver "$driver" "$@"
}
store info > /dev/null 2>&1 || driver=vfs # slower, and works on any file system
say() { echo "image: $*"; }
fail() { say "$*" >&2; exit 1; }

node=$(node -p process.execPath)
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
certificates=/etc/ssl/certs/ca-certificates.crt

say "a Debian base out of packages"
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)' |
  awk -v codename="$codename" '$1 == "Packages" && $2 == codename && $3 == "main" { print $4; exit }')
[ -n "$mirror" ] || fail "apt is set up with no mirror of $codename"
mmdebstrap --quiet --variant=minbase --include=libstdc++6 "$codename" "$work/base.tar" "$mirror"
base=$(store from scratch)
store add --quiet "$base" "$work/base.tar" / > /dev/null
store commit --quiet "$base" stand-in-runtime > /dev/null

say "node $("$node" --version) and npm on top of it for the build stages"
store copy --quiet "$base" "$node" /usr/local/bin/node > /dev/null
store copy --quiet "$base" "$npm" /usr/local/lib/node_modules/npm > /dev/null
store copy --quiet "$base" "$certificates" "$certificates" > /dev/null
printf 'registry=%s\nupdate-notifier=false\nfund=false\naudit=false\n' "$(npm config get registry)" > "$work/npmrc"
store copy --quiet "$base" "$work/npmrc" /usr/local/etc/npmrc > /dev/null
store run --isolation chroot "$base" -- ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
store config --env "NODE_EXTRA_CA_CERTS=$certificates" "$base"
store commit --quiet --rm "$base" stand-in-build > /dev/null

say "the Dockerfile on these bases"
version=$(node -p 'require("./package.json").version')
store build --isolation chroot --pull-never \
  --build-arg BUILD_IMAGE=localhost/stand-in-build --build-arg RUNTIME_IMAGE=localhost/stand-in-runtime \
  --build-arg VERSION="$version" --tag elb-churn-exporter . > "$work/build.log" 2>&1 || { cat "$work/build.log" >&2; fail "the build failed"; }

say "what is in it"
store inspect --type image elb-churn-exporter > "$work/image.json"
node --eval '
  const assert = require("node:assert/strict")
  const { config } = require(process.argv[2]).OCIv1
  assert.match(config.User, /^[1-9]\d*:[1-9]\d*$/, "the user is a number that is not root")
  assert.deepEqual([config.Entrypoint.at(0), config.Entrypoint.at(-1)], ["/usr/local/bin/node", "/app/dist/exporter/main.js"])
  assert.ok("9903/tcp" in config.ExposedPorts)
  assert.equal(config.StopSignal, "SIGTERM")
  assert.equal(config.Labels["org.opencontainers.image.version"], process.argv[1])
' "$version" "$work/image.json"
container=$(store from --pull-never elb-churn-exporter)
root=$(store mount "$container")
for name in npm npx corepack yarn pnpm; do
  found=$(find "$root" -xdev -name "$name" -print -quit)
  [ -z "$found" ] || fail "$name is in the image: $found"
done
for name in typescript @biomejs fast-check node; do
  [ ! -e "$root/app/node_modules/$name" ] || fail "the development dependency $name is in the image"
done
[ -z "$(find "$root/app" -user 65532 -print -quit)" ] || fail "the program could change itself: files in /app are its own"

say "the program, as user 65532 on a read-only root file system"
cat > "$root/etc/config.yaml" << 'CONFIG'
clusters:
  - name: image
    dns: {resolvers: ["127.0.0.1:9"], names: [{hostname: image.example.com}]}
CONFIG
mounted=$work/root
mkdir "$mounted"
mount --bind "$root" "$mounted"
mount -o remount,bind,ro "$mounted"
program=(env -i "$(command -v chroot)" --userspec=65532:65532 "$mounted" /usr/local/bin/node /app/dist/exporter/main.js)
"${program[@]}" --version | tee "$work/version"
grep -qF "$version" "$work/version" || fail "--version does not tell $version"
"${program[@]}" check-config /etc/config.yaml
# Nothing can be written here, so the refusal of the first board's file is what shows that the boards were found.
if "${program[@]}" dashboards --out=/app 2> "$work/refused"; then fail "the image is not read-only"; fi
grep -q 'EROFS.*elb-churn-dns.json' "$work/refused" || { cat "$work/refused" >&2; fail "the boards are not in the image"; }
"${program[@]}" --config.file=/etc/config.yaml --web.listen-address=127.0.0.1:0 2> "$work/log" &
served=$!
for _ in {1..100}; do
  if grep -q '"listening"' "$work/log" || ! kill -0 "$served" 2> /dev/null; then break; fi
  sleep 0.1
done
node --input-type=module --eval '
  import assert from "node:assert/strict"
  import { readFileSync } from "node:fs"
  const lines = readFileSync(process.argv[1], "utf8").trim().split("\n").map((line) => JSON.parse(line))
  const url = lines.find(({ msg }) => msg === "listening")?.address
  assert.ok(url, `it did not listen: ${JSON.stringify(lines)}`)
  const get = (path) => fetch(url + path, { signal: AbortSignal.timeout(5_000) })
  assert.equal((await get("/-/healthy")).status, 200)
  assert.match(await (await get("/metrics")).text(), /^elbchurn_build_info/m)
' "$work/log"
kill -TERM "$served"
timeout 5 tail --pid="$served" -f /dev/null || fail "it did not end within 5 s of SIGTERM"
wait "$served" || fail "it ended with exit code $? after SIGTERM"
served=

say "$(du -sm "$root" | cut -f1) MB with the base, $(du -sm "$root/app" | cut -f1) MB in /app"
