#!/usr/bin/env bash
# Builds the image of the Dockerfile, looks at what is in it (inspect.ts), and runs it (run.ts). No registry is asked for
# the bases: Debian's packages and this machine's node and npm stand in for them; as in the real one, there is no shell in
# the base that it runs on. Needs root, buildah and mmdebstrap, which .ci/run installs.
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PWD/node_modules/.bin:$PATH # the pinned node

work=$(mktemp -d)
mounted=()
cleanup() {
  for path in "${mounted[@]}"; do umount "$path" || true; done
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
say() { echo "image: $* (${SECONDS} s)"; }
fail() { say "$*" >&2; exit 1; }

node=$(node -p process.execPath)
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
certificates=/etc/ssl/certs/ca-certificates.crt

say "two Debian bases out of packages, to build on and to run on"
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)' |
  awk -v codename="$codename" '$1 == "Packages" && $2 == codename && $3 == "main" { print $4; exit }')
[ -n "$mirror" ] || fail "apt is set up with no mirror of $codename"
mmdebstrap --quiet --variant=extract --include=libc6,libstdc++6 "$codename" "$work/runtime.tar" "$mirror" &
extracting=$!
mmdebstrap --quiet --variant=minbase --include=libstdc++6 "$codename" "$work/build.tar" "$mirror"
wait "$extracting" || fail "the base to run on could not be made"
for base in runtime build; do
  container=$(store from scratch)
  store add --quiet "$container" "$work/$base.tar" / > /dev/null
  if [ "$base" = build ]; then
    store copy --quiet "$container" "$node" /usr/local/bin/node > /dev/null
    store copy --quiet "$container" "$npm" /usr/local/lib/node_modules/npm > /dev/null
    store copy --quiet "$container" "$certificates" "$certificates" > /dev/null
    printf 'registry=%s\nupdate-notifier=false\nfund=false\naudit=false\n' "$(npm config get registry)" > "$work/npmrc"
    store copy --quiet "$container" "$work/npmrc" /usr/local/etc/npmrc > /dev/null
    store run --isolation chroot "$container" -- ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
    store config --env "NODE_EXTRA_CA_CERTS=$certificates" "$container"
  fi
  store commit --quiet --rm "$container" "stand-in-$base" > /dev/null
done

say "the Dockerfile on these bases"
arguments=(
  BUILD_IMAGE=localhost/stand-in-build RUNTIME_IMAGE=localhost/stand-in-runtime
  VERSION="$(node -p 'require("./package.json").version')" REVISION="$(git rev-parse HEAD)"
  CREATED="$(date --utc +%FT%TZ)" SOURCE=https://example.com/elb-churn-exporter
  BASE_NAME=localhost/stand-in-runtime BASE_DIGEST=sha256:0
)
store build --isolation chroot --jobs 2 --pull-never "${arguments[@]/#/--build-arg=}" --tag elb-churn-exporter . \
  > "$work/build.log" 2>&1 || { cat "$work/build.log" >&2; fail "the build failed"; }

say "what is in it"
store inspect --type image elb-churn-exporter > "$work/image.json"
root=$(store mount "$(store from --pull-never elb-churn-exporter)")
deploy/sbom.sh spdx > "$work/sbom.json" 2> "$work/sbom.log" ||
  { cat "$work/sbom.log" >&2; fail "npm could not write the SBOM"; }
node test/image/inspect.ts "$root" "$work/image.json" "$work/sbom.json" "${arguments[@]}"

say "the program, on a read-only root"
# What a container runtime mounts: the config, the volume of the state.
mkdir "$root/config" "$root/state" "$work/config" "$work/state" "$work/root"
mount --bind "$root" "$work/root" && mounted=("$work/root")
mount -o remount,bind,ro "$work/root"
for name in config state; do
  mount --bind "$work/$name" "$work/root/$name" && mounted=("$work/root/$name" "${mounted[@]}")
done
mount -o remount,bind,ro "$work/root/config"
node test/image/run.ts "$work/root" "$work/config" "$work/state"

say "$(du -sm --exclude=config --exclude=state "$root" | cut -f1) MB: $(du -m "$root/usr/local/bin/node" | cut -f1) of node, $(du -sm "$root/app" | cut -f1) in /app, the rest is the base"
