package main

// testCase is a program in one of the environments of tools/fetch-environments.
type testCase struct {
	environment string
	imports     []string // modules, one statement each
}

// cases have some statements that share what they load, as real programs do.
var cases = []testCase{
	{"web", []string{"json", "logging", "django.conf", "django.http", "django.template", "celery", "kombu", "click", "redis", "sqlparse", "prompt_toolkit"}},
	{"shop", []string{"json", "flask", "sqlalchemy", "sqlalchemy.orm", "jinja2", "requests", "yaml", "wtforms", "alembic", "click", "urllib3"}},
	{"cloud", []string{"uuid", "requests", "cryptography.x509", "google.auth", "azure.core", "opentelemetry.trace", "isodate", "jwt", "urllib3"}},
	{"data", []string{"decimal", "numpy", "pandas", "matplotlib.pyplot", "networkx", "sympy", "mpmath", "openpyxl", "PIL.Image", "dateutil.parser", "fontTools.ttLib", "pyparsing"}},
	{"api", []string{"asyncio", "fastapi", "pydantic", "sqlmodel", "httpx", "aiohttp", "rich.console", "typer", "jinja2", "yaml", "sqlalchemy"}},
	{"lambda", []string{"decimal", "boto3", "botocore.exceptions", "requests", "jinja2", "yaml", "werkzeug", "xmltodict", "cryptography.fernet", "urllib3", "moto"}},
	{"test", []string{"pytest", "setuptools", "attr", "coverage", "pygments", "hypothesis", "tox", "virtualenv", "packaging.version", "click", "pluggy"}},
	{"mixed", []string{"asyncio", "httpx", "rich.console", "requests", "docutils.core", "sphinx.application", "jinja2", "twisted.internet.defer", "anyio", "babel", "attr"}},
}
