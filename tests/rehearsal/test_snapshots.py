"""Where a test's timeline is kept."""

from __future__ import annotations

from doorstep.rehearsal import snapshots


def test_a_snapshots_file_says_whose_it_is_and_is_no_others() -> None:
    tests: list[tuple[tuple[str, ...], str]] = [
        (("test_a", "test_x"), ""),
        (("test_a", "test_x[a]"), "b"),
        (("test_a", "test_x[a-b]"), ""),
        (("test_a", "test_x[a+b]"), ""),
        (("test_a", "test_x[a b]"), ""),
        (("test_a", "test_x[A-B]"), ""),
        (("test_a", "test_x[]"), ""),
        (("test_a", "test_x"), "a-b"),
        (("test_a", "test_x"), "a/b"),
        (("test_a", "TestA", "test_x"), ""),
        (("test_a", "TestA", "TestX", "test_x"), ""),
        (("test a", "test_x"), ""),
        (("test-a", "test_x"), ""),
        *((("test_a", f"test_x[{'long' * 99}{end}]"), "") for end in ("er", "est")),
    ]
    files = [snapshots.file_of(test, name) for test, name in tests]
    assert len({file.lower() for file in files}) == len(tests), files
    assert files[:3] == ["test_a/test_x.txt", "test_a/test_x-a+b.txt", "test_a/test_x-a-b.txt"]
    assert max(map(len, files)) < 200
