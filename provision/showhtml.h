/* The style of the page that show_html draws. */
#ifndef PROVISION_SHOWHTML_H
#define PROVISION_SHOWHTML_H

extern const char showhtml_style[];

#endif
