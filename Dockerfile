# Both bases can be replaced: BUILD_IMAGE needs node and npm in /usr/local, RUNTIME_IMAGE only glibc and libstdc++. The
# release resolves these tags to digests and builds by those; any other build takes what the tag says that day.
ARG BUILD_IMAGE=node:24.21.0-bookworm-slim
# No shell, no package manager, no npm: nothing to run but node.
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

# Of the architecture of the image. Nothing runs in this stage and in the last one, so that no emulator is needed.
FROM ${BUILD_IMAGE} AS node

# No production dependency is made for one architecture alone (test/unit/image.test.ts), so those of the builder will do.
FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS dependencies
WORKDIR /build
COPY package.json package-lock.json ./
# Node takes no TypeScript from node_modules, and nothing reads source maps: a third of it. Of the native addons for each system and C library, the
# image can load those of Linux with glibc.
RUN npm ci --ignore-scripts --omit=dev \
 && find node_modules -type f \( -name '*.ts' -o -name '*.cts' -o -name '*.mts' -o -name '*.map' \) -delete \
 && find node_modules -type f -path '*/prebuilds/*' \
    ! \( \( -path '*/linux-x64/*' -o -path '*/linux-arm64/*' \) ! -name '*.musl.node' \) -delete \
 && find node_modules -type d -path '*/prebuilds/*' -empty -delete

FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY exporter ./exporter
COPY alerts ./alerts
RUN node_modules/.bin/tsc -p tsconfig.build.json

FROM ${RUNTIME_IMAGE}
ARG VERSION=dev
ARG REVISION=unknown
# RFC 3339
ARG CREATED=unknown
# URL of the repository that it is built from
ARG SOURCE=unknown
ARG BASE_NAME=unknown
ARG BASE_DIGEST=unknown
# https://github.com/opencontainers/image-spec/blob/main/annotations.md
LABEL org.opencontainers.image.title="elb-churn-exporter" \
      org.opencontainers.image.description="Prometheus exporter that links ELB address churn, DNS answer changes and NotReady Kubernetes nodes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.url="${SOURCE}" \
      org.opencontainers.image.documentation="${SOURCE}#readme" \
      org.opencontainers.image.base.name="${BASE_NAME}" \
      org.opencontainers.image.base.digest="${BASE_DIGEST}"
# One arena of glibc's malloc: each thread would keep one of its own, 2 to 3 MB for nothing.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1
WORKDIR /app
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=dependencies /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY dashboards/*.json ./dashboards/
COPY package.json LICENSE ./
# A number, so that `runAsNonRoot` can be checked without a user database. Any other does as well: it writes nowhere but to
# --storage.path.
USER 65532:65532
EXPOSE 9903
# Node is process 1 and handles it: it drains, saves and exits 0.
STOPSIGNAL SIGTERM
# V8 would let its young generation grow to 64 MB while 50,000 nodes are listed: 170 MB more resident, and no faster.
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=8", "/app/dist/exporter/main.js"]
