# Weir::Certs: authorities, and the certificates of their clients.
#
#     my $ca = Weir::Certs->new($dir, 'ca');
#     $ca->issue('billing', 'URI:spiffe://shop.example/acme/billing');
#     $ca->issue('old', 'DNS:old.example', -ended => 1);
#     $ca->revoke('billing');
#
# In DIR are then NAME.crt and NAME.key of each, of the authority itself too,
# and NAME.crl of the authority, which a revocation writes anew.  What is there
# already stays.

package Weir::Certs;

use strict;
use warnings;

use File::Path qw(make_path);
use Weir ();

my $EC = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';

sub openssl {
    system("openssl @_ 2>/dev/null") == 0 or die "openssl @_";
}

sub write_file {
    my ($path, $text) = @_;

    open my $out, '>', $path or die "$path: $!";
    print $out $text;
    close $out or die "$path: $!";
}

sub new {
    my ($class, $dir, $name) = @_;
    my $self = bless { dir => $dir, name => $name, base => "$dir/$name" },
                     $class;

    make_path($dir);

    if (!-e "$self->{base}.crl") {
        openssl("req -x509 $EC -subj /CN=$name -days 1",
                "-keyout $self->{base}.key -out $self->{base}.crt");
        write_file("$self->{base}.index", '');
        write_file("$self->{base}.cnf", <<"END");
[ca]
default_ca = it
[it]
database = $self->{base}.index
unique_subject = no
new_certs_dir = $dir
certificate = $self->{base}.crt
private_key = $self->{base}.key
rand_serial = yes
default_md = sha256
default_days = 1
default_crl_days = 1
policy = any
[any]
O = optional
CN = optional
END
        $self->list;
    }

    return $self;
}

sub ca {
    my ($self, @args) = @_;

    openssl("ca -batch -notext -config $self->{base}.cnf", @args);
}

# Writes the list of what is revoked.
sub list {
    my ($self) = @_;

    $self->ca("-gencrl -out $self->{base}.crl");
}

# A certificate for a subjectAltName; -ended: of days that are over; -cn: its
# common name, which is NAME else.
sub issue {
    my ($self, $name, $san, %o) = @_;
    my $base = "$self->{dir}/$name";
    my $cn = $o{-cn} // $name;
    my $days = $o{-ended} ? '-startdate 20200101000000Z '
                            . '-enddate 20200102000000Z' : '';

    return if -e "$base.crt";

    write_file("$base.ext", "subjectAltName=$san\n");
    openssl("req $EC -subj /O=Shop/CN=$cn -keyout $base.key -out $base.csr");
    $self->ca("-in $base.csr -out $base.crt -extfile $base.ext $days");
}

sub revoke {
    my ($self, $name) = @_;

    $self->ca("-revoke $self->{dir}/$name.crt");
    $self->list;
}

1;
