# hal/link
