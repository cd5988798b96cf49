# syntax=docker/dockerfile:1
# Écluse in a container: docs/install.md says how to run it, `npm run test:image` builds and runs this file.
FROM docker.io/library/node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc tsconfig.json ./
RUN npm ci --ignore-scripts --no-update-notifier
COPY agent agent
RUN npm run --silent build

# Only what the program needs when it runs, and the list of it. Node 24 brings SQLite: the module that serves Node 20 is
# never loaded, so its prebuilt libraries (29 MB, six platforms) stay out.
FROM docker.io/library/node:24-bookworm-slim AS production
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev --no-update-notifier \
  && npm sbom --package-lock-only --omit=dev --sbom-format=cyclonedx > sbom.cdx.json \
  && rm -rf node_modules/@photostructure/sqlite/prebuilds node_modules/@photostructure/sqlite/src

FROM docker.io/library/node:24-bookworm-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Écluse" \
  org.opencontainers.image.description="A firewall and change-window drift guard for hospitals." \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
# The programs by which a Linux machine is read. npm, yarn and corepack stay out: nothing is installed in here again.
RUN apt-get update \
  && apt-get install -y --no-install-recommends nftables iptables ipset iproute2 conntrack \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* /var/cache/debconf/* \
  && rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
    /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-* \
  && groupadd --gid 10001 ecluse \
  && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/ecluse --shell /usr/sbin/nologin ecluse \
  # Root without its capabilities owns the folder by its number; the other account writes as a member of the group.
  && mkdir -p /etc/ecluse /var/lib/ecluse && chown 0:10001 /var/lib/ecluse && chmod 0770 /var/lib/ecluse
WORKDIR /opt/ecluse
COPY LICENSE package.json ./
COPY rules rules
COPY --from=production /src/node_modules node_modules
COPY --from=production /src/sbom.cdx.json sbom.cdx.json
COPY --from=build /src/build/agent build/agent
RUN chmod 0755 build/agent/main.js && ln -s /opt/ecluse/build/agent/main.js /usr/local/bin/ecluse
ENV NODE_ENV=production ECLUSE_STATE=/var/lib/ecluse MALLOC_ARENA_MAX=1
VOLUME /var/lib/ecluse
# A configuration is looked for where a program starts.
WORKDIR /etc/ecluse
# Not a command that opens the store itself: only the socket of the daemon answers while that runs.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["ecluse", "status", "--json"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["ecluse"]
CMD ["start", "--no-install"]
