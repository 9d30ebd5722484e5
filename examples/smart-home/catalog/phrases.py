"""Sentences in the languages of the skill; Jinja templates."""

PHRASES = {
    "en": {
        "switched": "{{ device }} is now {{ 'on' if on else 'off' }}.",
        "scene": "{{ scene }} it is"
        "{% if count %}, {{ count }} device{{ '' if count == 1 else 's' }} changed{% endif %}.",
        "status": "{{ device }}: {% for key, value in state | dictsort %}"
        "{{ ('on' if value else 'off') if key == 'on' else key ~ ' ' ~ value }}"
        "{{ ', ' if not loop.last else '.' }}{% else %}nothing to report.{% endfor %}",
        "overview": "{{ active }} of {{ count }} devices are on.",
        "unknown": "I know nothing called {{ name or 'that' }}.",
        "help": "You can ask for {{ devices | join(', ') }}.",
    },
    "de": {
        "switched": "{{ device }} ist jetzt {{ 'an' if on else 'aus' }}.",
        "scene": "{{ scene }}{% if count %}, {{ count }} Gerät{{ '' if count == 1 else 'e' }} geändert{% endif %}.",
        "status": "{{ device }}: {% for key, value in state | dictsort %}"
        "{{ ('an' if value else 'aus') if key == 'on' else key ~ ' ' ~ value }}"
        "{{ ', ' if not loop.last else '.' }}{% else %}nichts zu melden.{% endfor %}",
        "overview": "{{ active }} von {{ count }} Geräten sind an.",
        "unknown": "{{ name or 'Das' }} kenne ich nicht.",
        "help": "Frag zum Beispiel nach {{ devices | join(', ') }}.",
    },
}
