#!/bin/bash
# The vector type and three potentials on 64-bit ARM, emulated: make arm, or tests/arm/emulate.sh [FOLDER]
#
# Needs Debian's debootstrap and qemu-user-static, and root for debootstrap. The folder (default: .venv-arm) keeps a Debian of
# 0.4 GB, the wheels for aarch64 and the compiled kernels.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(realpath -m "${1:-.venv-arm}")
for tool in debootstrap qemu-aarch64-static; do
    command -v "$tool" > /dev/null || { echo "$tool is missing: apt-get install debootstrap qemu-user-static" >&2; exit 2; }
done

# Python 3.11, unpacked without running any of its scripts
if [ ! -e "$folder/system/usr/bin/python3.11" ]; then
    mkdir -p "$folder"
    debootstrap --arch=arm64 --foreign --variant=minbase --include=python3,libgomp1,libstdc++6 bookworm "$folder/system"
    for package in "$folder"/system/var/cache/apt/archives/*.deb; do dpkg -x "$package" "$folder/system"; done
fi

if [ ! -e "$folder/wheels/pytest" ]; then
    python3 - > "$folder/requirements.txt" <<'PYTHON'
import tomllib
print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], "pytest", "pytest-xdist", "hypothesis", sep="\n")
PYTHON
    platforms=()
    for glibc in 2_28 2_27 2_24 2_17; do platforms+=(--platform "manylinux_${glibc}_aarch64"); done
    python3 -m pip install --quiet --target "$folder/wheels" "${platforms[@]}" --platform manylinux2014_aarch64 \
        --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none --only-binary=:all: \
        --requirement "$folder/requirements.txt"
fi

export PYTHONPATH=$folder/wheels:$PWD PYTHONNOUSERSITE=1 NAKMD_CACHE_DIR=$folder/kernels
python() { qemu-aarch64-static -cpu neoverse-n1 -L "$folder/system" "$folder/system/usr/bin/python3.11" "$@"; }
python -c "import platform; print('on', platform.machine())"
cd tests
python -m pytest -q -p no:cacheprovider test_simd.py test_simd_single.py
python -c "import json, test_simd_processors as t; print(json.dumps(t.results_as_data()))" > "$folder/results.json"
env -u NAKMD_CACHE_DIR PYTHONPATH="$PWD/.." ../.venv/bin/python -c "
import json, sys, test_simd_processors as t
t.compare_with_this_machine(json.load(open(sys.argv[1])))
print(*t.POTENTIALS, sep=', ', end=': as on this machine, to 1e-12\n')" "$folder/results.json"
