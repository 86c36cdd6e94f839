/* test_container_id.c: the container in a cgroup path. */
#include "capture/owner.h"

#include "unit.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0.slice"

static void assert_id(const char *path)
{
	char id[CONTAINER_ID_LEN + 1] = "";

	if (!container_id(path, id))
		fail_msg("no container in %s", path);
	assert_string_equal(id, ID);
}

static void assert_none(const char *path)
{
	char id[CONTAINER_ID_LEN + 1] = "as it was";

	if (container_id(path, id))
		fail_msg("%s in %s", id, path);
	assert_string_equal(id, "as it was");
}

static void test_engines(void **state)
{
	assert_id("0::/system.slice/docker-" ID ".scope\n");
	assert_id("/sys/fs/cgroup/docker/" ID);
	assert_id("/sys/fs/cgroup" POD "/cri-containerd-" ID ".scope");
	assert_id(POD "/crio-" ID ".scope");
	assert_id("/machine.slice/libpod-" ID ".scope/container");
	assert_id("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope");
	assert_id("12:pids:/docker/" ID "\n11:cpu:/docker/" ID "\n");
	assert_id(ID);
}

/* Docker in Docker: the inner one is the process's. */
static void test_innermost(void **state)
{
	assert_id("/docker/ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff/docker/" ID);
	assert_id("/docker/" ID "/init.scope");
}

static void test_none(void **state)
{
	assert_none("");
	assert_none("/");
	assert_none("0::/init.scope\n");
	assert_none("/user.slice/user-1000.slice/session-3.scope");
	assert_none(POD);
	assert_none("/system.slice/run-r0123456789abcdef0123456789abcdef.scope");
}

static void test_near_misses(void **state)
{
	char path[128] = "/docker/" ID;

	path[strlen(path) - 1] = '\0'; /* 63 digits */
	assert_none(path);
	assert_none("/docker/" ID "0"); /* 65 */
	assert_none("/docker/0123456789abcdef0123456789abcdeg0123456789abcdef0123456789abcdef");
	assert_none("/docker/01234567-89abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_engines),
		cmocka_unit_test(test_innermost),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_near_misses),
	};

	return cmocka_run_group_tests_name("container_id", tests, NULL, NULL);
}
