// Stands in for Apple's Metal Performance Shaders: what Torch's headers name of it.
#pragma once

#import <Metal/Metal.h>

@interface MPSCommandBuffer : NSObject <MTLCommandBuffer>
@end
