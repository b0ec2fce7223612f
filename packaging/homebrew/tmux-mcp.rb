# Untested: nobody has run this formula yet. For Homebrew on Linux; the library
# uses pidfd and other calls that only Linux has, so it does not build on macOS.
#
#   brew tap-new you/tmcp && cp tmux-mcp.rb "$(brew --repository you/tmcp)/Formula/"
#   brew install --HEAD you/tmcp/tmux-mcp
#
# HOMEBREW_TMCP_GIT names the repository that tmcp is taken from.
class TmuxMcp < Formula
  desc "Terminal multiplexer with a client of the Model Context Protocol"
  homepage "https://modelcontextprotocol.io"
  license "ISC"
  head ENV.fetch("HOMEBREW_TMCP_GIT", "file:///srv/git/tmcp.git"), using: :git, branch: "main"

  depends_on "autoconf" => :build
  depends_on "automake" => :build
  depends_on "bison" => :build
  depends_on "pkgconf" => :build
  depends_on "rust" => :build
  depends_on "libevent"
  depends_on :linux
  depends_on "ncurses"

  conflicts_with "tmux", because: "both install a tmux"

  # The release that the patches are made on; its sum is also in tmux-patches/build.
  resource "tmux" do
    url "https://github.com/tmux/tmux/releases/download/3.5a/tmux-3.5a.tar.gz"
    sha256 "16216bd0877170dfcc64157085ba9013610b12b082548c7c9542cc0103198951"
  end

  def install
    ENV["TMUX_TARBALL"] = resource("tmux").fetch
    # The manifest is for `make uninstall`; brew removes what it installed itself.
    system "make", "install", "PREFIX=#{prefix}"
    rm_r share/"tmcp"
  end

  def caveats
    "A tmux server that is running stays what it is: end it with `tmux kill-server`."
  end

  test do
    assert_match "mcp-call", shell_output("#{bin}/tmux -L#{name} -f/dev/null start-server \\; list-commands mcp-call")
    system "pkg-config", "--exists", "tmcp"
  end
end
