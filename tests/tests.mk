# tests.mk: building the tests and the targets that run them. Included by the Makefile.

check: all ## tests that need no privilege
	@tests/run.sh unit parse fuzz replay

check-bpf: all ## the loaded programs through the kernel's test-run (root)
	@tests/run.sh bpf

check-net: all ## real servers and clients in network namespaces (root)
	@tests/run.sh net
