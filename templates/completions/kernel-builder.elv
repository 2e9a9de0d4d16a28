# Completes the commands of kernel-builder in elvish 0.18 and later.

use str

set edit:completion:arg-completer[kernel-builder] = {|@words|
  tmp E:_KERNEL_BUILDER_COMPLETE = elvish_complete
  tmp E:COMP_WORDS = (str:join "\n" $words)
  try {
    (external kernel-builder) | from-lines | each {|line|
      var fields = [(str:split "\t" $line)]
      if (not (eq (count $fields) (num 3))) {
        continue
      }
      var kind text help = (all $fields)
      if (not (eq $kind plain)) {
        edit:complete-filename $@words
      } elif (eq $help '') {
        edit:complex-candidate $text
      } else {
        edit:complex-candidate $text &display=$text' ('$help')'
      }
    }
  } catch _ {
    # Without an answer there is nothing to complete.
  }
}
