# test_fast_path.py
def test_fast_path_import_time():
    """Ensure fast_path imports are actually fast."""
    import time
    start = time.time()
    import fast_path
    duration = (time.time() - start) * 1000
    
    assert duration < 200, f"fast_path too slow: {duration}ms"

def test_fast_path_size():
    """Ensure fast_path stays small."""
    import fast_path
    imports = [
        name for name in dir(fast_path)
        if not name.startswith('_')
    ]
    assert len(imports) < 20, f"Too many imports: {len(imports)}"
