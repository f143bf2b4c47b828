#!/bin/sh
# Installs what the tests need beyond Python: Chromium, fonts, and PostgreSQL with PostGIS, with
# Debian's own tool where that may be done (root on Debian or a kin of it). Elsewhere it says what will be skipped, and why.
# Quick when everything is there. CORRIDORS_CHROMIUM names a browser of your own.
set -eu

has_chromium() {
    [ -n "${CORRIDORS_CHROMIUM:-}" ] && [ -x "$CORRIDORS_CHROMIUM" ] && return 0
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    return 1
}

has_fonts() { # a Latin and Cyrillic face, and a Chinese one: names are drawn in all three
    command -v fc-list >/dev/null 2>&1 || return 1
    [ -n "$(fc-list :lang=ru family 2>/dev/null | head -1)" ] &&
        [ -n "$(fc-list :lang=zh-cn family 2>/dev/null | head -1)" ]
}

has_postgis() { # a server and the extension; tests/postgres.py starts it
    for folder in /usr/share/postgresql/*; do
        version=${folder##*/}
        [ -f "$folder/extension/postgis.control" ] && [ -x "/usr/lib/postgresql/$version/bin/initdb" ] && return 0
    done
    return 1
}

if has_chromium && has_fonts && has_postgis; then
    exit 0
fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    wanted=""
    has_fonts || wanted="fontconfig fonts-dejavu-core fonts-wqy-microhei"
    has_chromium || wanted="chromium fontconfig fonts-dejavu-core fonts-wqy-microhei"
    has_postgis || wanted="$wanted postgresql-postgis"
    echo "installing $wanted (Debian packages, for the tests)"
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends $wanted >/dev/null; then
        exit 0
    fi
    echo "apt-get did not install them" >&2
fi

if ! has_postgis; then
    echo "The PostGIS tests WILL BE SKIPPED: no PostgreSQL with PostGIS (postgresql-postgis) was found." >&2
    [ -z "${CI:-}" ] || exit 1
fi

if ! has_chromium; then
    cat >&2 <<'END'
**************************************************************************************************
 The browser tests WILL BE SKIPPED: no Chromium was found, and it can be installed here only as
 root on Debian. Install Chromium or Chrome, or name one with CORRIDORS_CHROMIUM=/path/to/chromium.
**************************************************************************************************
END
    [ -z "${CI:-}" ] || exit 1
else
    echo "note: no font for Chinese or Cyrillic was found; screenshots may show empty boxes" >&2
fi
