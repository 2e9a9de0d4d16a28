// Stands in for Apple's Foundation: what kernels use of it.
#pragma once

#include <objc/NSObject.h>
#include <objc/objc.h>

@class NSString;

@protocol NSCopying
@end

@interface NSObject (Copying)
- (id)copy;
@end

@interface NSString : NSObject <NSCopying>
@property(readonly) char const *UTF8String;
+ (instancetype)stringWithUTF8String:(char const *)text;
@end

@interface NSError : NSObject
@property(readonly, copy) NSString *localizedDescription;
@end

@interface NSDictionary<Key, Value> : NSObject
- (Value)objectForKey:(Key)key;
@end

@interface NSArray<Value> : NSObject
@property(readonly) NSUInteger count;
@end

@interface NSURL : NSObject
@end
