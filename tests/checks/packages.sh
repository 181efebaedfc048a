#!/usr/bin/env bash
# packages.sh PACKAGE...  Installs the Debian packages that are missing; says so; does nothing when all are there.
set -eu
missing=()
for package in "$@"; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo > /dev/null || { echo "missing packages, and no sudo to install them: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi
echo "installing Debian packages: ${missing[*]}"
${as_root[@]+"${as_root[@]}"} apt-get update -qq
# A cluster made by the package would be a server nobody asked for.
if printf '%s\n' "${missing[@]}" | grep -qx 'postgresql-15'; then
    ${as_root[@]+"${as_root[@]}"} sh -c 'mkdir -p /etc/postgresql-common/createcluster.d &&
        echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.d/gatehouse.conf'
fi
${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" > /dev/null
