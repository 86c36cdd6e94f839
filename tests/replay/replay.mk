# replay.mk: what the replay suite needs besides its scripts.

build-tests-replay: $(BUILD)/tests/replay/fill_store
