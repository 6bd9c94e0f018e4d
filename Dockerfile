# Weir's image: nginx with the pack linked in, the weir command, and the pack
# as a .so for nginxes of other people's images.
#
#     docker build -t weir .
#     docker build --target test .        the suites, in the image's own system
#
# BASE is a Debian 13 of any origin; whatever is fetched comes from where its
# apt and npm fetch.  docs/image.md says how to run it.

ARG BASE=debian:trixie-slim


# The dashboard's page, so that no other stage needs npm.

FROM ${BASE} AS page

WORKDIR /weir

COPY tools/deps tools/debian tools/dashboard tools/
COPY modules/dashboard modules/dashboard

# who has a registry of their own: --secret id=npmrc,src=$HOME/.npmrc
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    tools/deps page && tools/dashboard


# Everything that is compiled, stripped, under /weir/build/root.

FROM ${BASE} AS build

WORKDIR /weir

# what `make` asks tools/deps for; the page is here already
ENV DEPS=build

COPY tools/deps tools/debian tools/
RUN tools/deps build

COPY config Makefile LICENSE ./
COPY tools/nginx tools/
COPY modules modules
COPY policy policy
COPY --from=page /weir/build/dashboard.html build/
RUN make weir && tools/nginx image && tools/nginx module

COPY conf.d conf.d
COPY docker docker
COPY --from=page /weir/build/deps/page build/deps/page
RUN docker/root build/root


# The suites.  They bring packages of their own, and leave nothing behind.

FROM build AS test

ARG SUITES="unit cases t"

COPY . .
RUN make test DEPS="build test" SUITES="$SUITES" && touch /passed


FROM ${BASE}

ARG VERSION=
ARG REVISION=
ARG SOURCE_DATE_EPOCH=

LABEL org.opencontainers.image.title="Weir" \
      org.opencontainers.image.description="nginx that decides by a policy" \
      org.opencontainers.image.licenses="BSD-2-Clause" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

RUN apt-get -qq update && \
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y \
        --no-install-recommends ca-certificates libjansson4 libpcre2-8-0 \
        libssl3t64 libyaml-0-2 tzdata zlib1g && \
    rm -rf /var/cache/apt/* /var/cache/debconf/*-old /var/cache/ldconfig/* \
        /var/lib/apt/lists/* /var/lib/dpkg/*-old /var/log/* && \
    groupadd --gid 10001 weir && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin weir && \
    install -d -o 10001 -g 10001 /run/weir /var/lib/weir && \
    find / -xdev -type f -perm /6000 -exec chmod a-s {} +

COPY --from=build /weir/build/root /

# the bill of materials: what dpkg has here, and what was linked in
RUN SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH}" /usr/share/sbom/make && \
    rm /usr/share/sbom/make

USER 10001:10001
WORKDIR /etc/weir

EXPOSE 8080 8443 8081

STOPSIGNAL SIGQUIT

HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
    CMD weir probe "${WEIR_PROBE:-http://127.0.0.1:8081/healthz}"

ENTRYPOINT ["/usr/bin/weir-entrypoint"]
CMD ["nginx", "-g", "daemon off;"]
